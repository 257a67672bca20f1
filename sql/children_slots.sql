{#-
children_slots: a row of a table, each with the rows of an unrolled table below it, one a code, turned wide
inputs: parent (protected rows), child (quoted table, called c), through (the table between them: {relation, on [[child
  column, its column]]}, called m; else none), keys [[column of parent, quoted column of c or m]], code (SQL of the code of
  a row of c), along [SQL], slots [{code, present, told [name]}] (`told` in the order of `along`)
output: the parent's columns, and for each slot: whether there is such a row (0, 1), and the code and one of what goes along
  (0 where there is none; the largest where there are several such rows)
grain: one row of the parent
sensitivity: as the parent's: one unit's parent rows weigh at most k, and what is below a row only changes that row
-#}
select p.*
{% for s in slots %}
  , coalesce(c.{{ s.present | ident }}, 0) as {{ s.present | ident }}
{% for name in s.told %}
  , coalesce(c.{{ name | ident }}, 0) as {{ name | ident }}
{% endfor %}
{% endfor %}
from {{ parent }} p left join (
  select {% for _ in keys %}k{{ loop.index0 }}{{ ', ' if not loop.last }}{% endfor %}

{% for s in slots %}
    , max((code = {{ s.code }})::integer) as {{ s.present | ident }}
{% for name in s.told %}
    , max(case when code = {{ s.code }} then a{{ loop.index0 }} + 1 else 0 end) as {{ name | ident }}
{% endfor %}
{% endfor %}
  from (
    select {% for _, mine in keys %}{{ mine }} as k{{ loop.index0 }}, {% endfor %}({{ code }}) as code
{%- for a in along %}, ({{ a }}) as a{{ loop.index0 }}{% endfor %}

    from {{ child }} c
{% if through %}
    join {{ through.relation }} m on {% for left, right in through.on %}c.{{ left | ident }} = m.{{ right | ident }}{{ ' and ' if not loop.last }}{% endfor %}

{% endif %}
  )
  group by {% for _ in keys %}k{{ loop.index0 }}{{ ', ' if not loop.last }}{% endfor %}

) c on {% for own, _ in keys %}p.{{ own | ident }} = c.k{{ loop.index0 }}{{ ' and ' if not loop.last }}{% endfor %}
