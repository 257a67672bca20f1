"""Broken: rows that break a CHECK of the view's DDL, or a rule of its fields.yml; synthetic and, beside it, real."""

from __future__ import annotations

from collections.abc import Iterator

from duckpaste import sql
from duckpaste.errors import UserError
from duckpaste.evaluate.sides import PART, Subject
from duckpaste.evaluate.work import Work
from duckpaste.schema import rules
from duckpaste.schema.graph import Kind
from duckpaste.schema.rules import Rule, Scope


def measure(work: Work, subject: Subject) -> None:
    """Score `rules` of a table, one score a rule. As a CHECK, a rule holds unless it is false."""
    for text in subject.table.checks:
        _score(work, subject, text, text, None)
    scope = _scopes(work)[subject.name]
    for text in rules.declared(subject.table):
        try:
            rule = rules.parse(text, scope)
        except UserError:
            work.note(f"{subject.name}: the rule {text} can't be read here")
            continue
        _score(work, subject, text, rule.sql, rule, scope)


def _scopes(work: Work) -> dict[str, Scope]:
    sides = work.sides
    return rules.scopes(
        [(s.name, s.types, [a.name for a in s.above]) for s in sides.subjects],
        public={
            t.name: {c: f.sql_type or "VARCHAR" for f in t.fields for c in f.columns} for t in sides.public
        },
        keys={
            s.name: [r.key for r in (s.node.references if s.node else ()) if r.kind is Kind.PUBLIC]
            for s in sides.subjects
        },
    )


def _score(
    work: Work, subject: Subject, text: str, condition: str, rule: Rule | None, scope: Scope | None = None
) -> None:
    found = []
    for synthetic in (True, False):
        rows = work.relations(subject)[1 if synthetic else 0]
        try:
            relation = f"(select * exclude ({PART}) from {rows})"
            if rule is not None and rule.totals:
                relation = _with_totals(work, subject, relation, rule, synthetic)
            if rule is not None and rule.public and scope is not None:
                relation = _with_public(work, relation, rule, scope, synthetic)
            query = f"select count(*) filter (where not ({condition})) / count(*) from {relation}"
            found.append(work.db.rows_sql("rule", query)[0][0])
        except UserError:
            work.note(f"{subject.name}: the rule {text} can't be read here")
            return
    work.add("rules", subject.name, (text,), found[0], found[1])


def _with_totals(work: Work, subject: Subject, rows: str, rule: Rule, synthetic: bool) -> str:
    """The rows with the totals of the tables right below. Raises UserError for one further down."""
    joined = list(_totals(work, subject, rule, synthetic))
    columns = "".join(f", {column}" for column, _ in joined)
    return f"(select r.*{columns} from {rows} r {' '.join(join for _, join in joined)})"


def _totals(work: Work, subject: Subject, rule: Rule, synthetic: bool) -> Iterator[tuple[str, str]]:
    where = work.sides.fake if synthetic else work.sides.real
    for i, total in enumerate(rule.totals):
        child = next(s for s in work.sides.subjects if s.name == total.table)
        key = child.node.owner if child.node and child.node.parent == subject.name else None
        if key is None:
            raise UserError("is not right below", total.table)
        keys = ", ".join(f"{sql.ident(c)} as k{j}" for j, c in enumerate(key.columns))
        on = " and ".join(f"t{i}.k{j} = r.{sql.ident(c)}" for j, c in enumerate(key.referenced))
        label = f"t{i}.total" if not total.counts else f"coalesce(t{i}.total, 0)"
        yield (
            f"{label} as {sql.ident(total.label)}",
            f"left join (select {keys}, {total.expression} as total from {where(child.name)} group by "
            f"{', '.join(str(j + 1) for j in range(len(key.columns)))}) t{i} on {on}",
        )


def _with_public(work: Work, rows: str, rule: Rule, scope: Scope, synthetic: bool) -> str:
    """The rows with columns of the public tables that their keys lead to."""
    where = work.sides.fake if synthetic else work.sides.real
    columns, joins = "", ""
    for i, table in enumerate(dict.fromkeys(t for t, _ in rule.public)):
        key = scope.public[table].keys[0]
        on = " and ".join(f"p{i}.{sql.ident(own)} = r.{sql.ident(label)}" for label, _, own in key)
        joins += f" left join {where(table)} p{i} on {on}"
        for t, c in rule.public:
            if t == table:
                columns += f", p{i}.{sql.ident(c)} as {sql.ident(f'{t}.{c}')}"
    return f"(select r.*{columns} from {rows} r{joins})"
