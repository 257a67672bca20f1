"""Real schemas, from `init` to valid keys: Chinook, Northwind, Sakila (cycles, self-references, link tables)."""

from __future__ import annotations

import os
import re
from pathlib import Path

import duckdb
import pytest

import duckpaste
from duckpaste.schema.init import write

DATA = os.environ.get("DUCKPASTE_TEST_DATA")
pytestmark = pytest.mark.skipif(
    not DATA, reason="DUCKPASTE_TEST_DATA is not set: no csv files of the databases"
)

# database -> the unit's table, the public tables, and DDL of every table in an order that its keys allow
SCHEMAS: dict[str, tuple[str, str, dict[str, str]]] = {
    "chinook": ("customer", "artist genre mediatype album track employee playlist playlisttrack", {
        "artist": "ArtistId integer primary key, Name varchar",
        "genre": "GenreId integer primary key, Name varchar",
        "mediatype": "MediaTypeId integer primary key, Name varchar",
        "album": "AlbumId integer primary key, Title varchar not null, ArtistId integer not null references artist (ArtistId)",
        "track": "TrackId integer primary key, Name varchar not null, AlbumId integer references album (AlbumId), "
                 "GenreId integer references genre (GenreId), Milliseconds integer not null, UnitPrice decimal(10,2) not null",
        "employee": "EmployeeId integer primary key, Title varchar, ReportsTo integer references employee (EmployeeId)",
        "customer": "CustomerId integer primary key, Company varchar, City varchar, Country varchar, "
                    "SupportRepId integer references employee (EmployeeId)",
        "invoice": "InvoiceId integer primary key, CustomerId integer not null references customer (CustomerId), "
                   "InvoiceDate timestamp not null, BillingCountry varchar, Total decimal(10,2) not null",
        "invoiceline": "InvoiceLineId integer primary key, InvoiceId integer not null references invoice (InvoiceId), "
                       "TrackId integer not null references track (TrackId), UnitPrice decimal(10,2) not null, Quantity integer not null",
        "playlist": "PlaylistId integer primary key, Name varchar",
        "playlisttrack": "PlaylistId integer not null references playlist (PlaylistId), "
                         "TrackId integer not null references track (TrackId), primary key (PlaylistId, TrackId)",
    }),
    "northwind": ("employees", "regions territories suppliers categories products shippers customers", {
        "regions": "RegionID integer primary key, RegionDescription varchar",
        "territories": "TerritoryID varchar primary key, TerritoryDescription varchar, RegionID integer references regions (RegionID)",
        "suppliers": "SupplierID integer primary key, CompanyName varchar, Country varchar",
        "categories": "CategoryID integer primary key, CategoryName varchar",
        "products": "ProductID integer primary key, ProductName varchar, SupplierID integer references suppliers (SupplierID), "
                    "CategoryID integer references categories (CategoryID), UnitPrice double",
        "shippers": "ShipperID integer primary key, CompanyName varchar",
        "customers": "CustomerID varchar primary key, City varchar, Country varchar",
        "employees": "EmployeeID integer primary key, Title varchar, BirthDate date, City varchar, "
                     "ReportsTo integer references employees (EmployeeID)",
        "employeeterritories": "EmployeeID integer not null references employees (EmployeeID), "
                               "TerritoryID varchar not null references territories (TerritoryID), primary key (EmployeeID, TerritoryID)",
        "orders": "OrderID integer primary key, CustomerID varchar references customers (CustomerID), "
                  "EmployeeID integer references employees (EmployeeID), OrderDate timestamp, ShippedDate timestamp, "
                  "ShipVia integer references shippers (ShipperID), Freight double",
        "order_details": "OrderID integer not null references orders (OrderID), ProductID integer not null references products (ProductID), "
                         "UnitPrice double, Quantity integer, primary key (OrderID, ProductID)",
    }),
    "sakila": ("customer", "film inventory staff", {
        "film": "film_id integer primary key, title varchar, rating varchar, length integer",
        "inventory": "inventory_id integer primary key, film_id integer not null references film (film_id)",
        "staff": "staff_id integer primary key, active boolean",
        "customer": "customer_id integer primary key, active integer, create_date date",
        "rental": "rental_id integer primary key, rental_date timestamp, inventory_id integer not null references inventory (inventory_id), "
                  "customer_id integer not null references customer (customer_id), return_date timestamp, "
                  "staff_id integer not null references staff (staff_id)",
        "payment": "payment_id integer primary key, customer_id integer not null references customer (customer_id), "
                   "staff_id integer not null references staff (staff_id), rental_id integer references rental (rental_id), "
                   "amount decimal(5,2) not null, payment_date timestamp not null",
    }),
}  # fmt: skip


def load(path: Path, name: str, ddl: dict[str, str]) -> list[tuple[str, list[str], str, list[str]]]:
    """A DuckDB file with the csv files' rows under their keys; the foreign keys (table, columns, table, columns)."""
    with duckdb.connect(str(path)) as con:
        for table, columns in ddl.items():
            # DuckDB refuses a self-reference inside one INSERT, so those keys are told to fields.yml instead.
            con.execute(f"create table {table} ({re.sub(rf' references {table} .[^)]*.', '', columns)})")
            names = [
                r[0]
                for r in con.execute(
                    f"select column_name from duckdb_columns() where table_name = '{table}' order by column_index"
                ).fetchall()
            ]
            file = Path(str(DATA)) / name / f"{table}.csv"
            con.execute(
                f"insert into {table} select {', '.join(names)} from read_csv('{file}', header = true, all_varchar = true, nullstr = ['', 'NULL'])"
            )
        found = con.execute("select table_name, constraint_column_names, referenced_table, referenced_column_names "
                            "from duckdb_constraints() where constraint_type = 'FOREIGN KEY'").fetchall()  # fmt: skip
    return [tuple(k) for k in found]  # type: ignore[misc]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_table_and_every_key(tmp_path: Path, name: str) -> None:
    """From a database file's catalogue to a synthetic one: all tables, types and rows' keys."""
    unit, public, ddl = SCHEMAS[name]
    keys = load(tmp_path / f"{name}.duckdb", name, ddl)
    folder = tmp_path / "views" / "shop"
    write(tmp_path / f"{name}.duckdb", folder)
    text = (folder / "fields.yml").read_text()
    for table in public.split():
        text = text.replace(f"\n  {table}:\n", f"\n  {table}:\n    public: true\n")
    text = text.replace("\ntables:", f"\nunit: {unit}\n\ntables:")
    text = text.replace(
        "ReportsTo: numerical?",
        "ReportsTo: id?:employees.EmployeeID" if name == "northwind" else "ReportsTo: numerical?",
    )
    (folder / "fields.yml").write_text(text)
    # Nine employees are few: with so little noise a table comes out empty in fewer than one run in a million.
    model = duckpaste.fit(tmp_path / "work.duckdb", folder, "mare", epsilon=1000.0)
    duckpaste.sample(model, tmp_path / "synthetic.duckdb", seed=5)
    with duckdb.connect(str(tmp_path / "synthetic.duckdb"), read_only=True) as con:
        rows = {t: con.execute(f"select count(*) from {t}").fetchall()[0][0] for t in ddl}
        assert all(rows.values()), rows
        if name == "northwind":
            keys.append(("employees", ["ReportsTo"], "employees", ["EmployeeID"]))
        for table, own, parent, referenced in keys:
            on = " and ".join(f"c.{a} = p.{b}" for a, b in zip(own, referenced, strict=True))
            there = " and ".join(f"c.{a} is not null" for a in own)
            text = f"select count(*) from {table} c where {there} and not exists (select 1 from {parent} p where {on})"
            assert con.execute(text).fetchall() == [(0,)], (table, own)
        types = dict(
            con.execute(
                "select table_name || '.' || column_name, data_type from duckdb_columns() where schema_name = 'main'"
            ).fetchall()
        )
    with duckdb.connect(str(tmp_path / f"{name}.duckdb"), read_only=True) as con:
        real = con.execute(
            "select table_name || '.' || column_name, data_type from duckdb_columns() where schema_name = 'main'"
        ).fetchall()
    assert {k: types[k] for k, _ in real} == dict(real)


def test_a_payment_is_of_its_rental_s_customer(tmp_path: Path) -> None:
    """Sakila's diamond: payment names its rental and its customer, and they agree."""
    unit, public, ddl = SCHEMAS["sakila"]
    load(tmp_path / "sakila.duckdb", "sakila", ddl)
    folder = tmp_path / "views" / "shop"
    write(tmp_path / "sakila.duckdb", folder)
    text = (folder / "fields.yml").read_text().replace("\ntables:", f"\nunit: {unit}\n\ntables:")
    for table in public.split():
        text = text.replace(f"\n  {table}:\n", f"\n  {table}:\n    public: true\n")
    (folder / "fields.yml").write_text(text)
    # Nine employees are few: with so little noise a table comes out empty in fewer than one run in a million.
    model = duckpaste.fit(tmp_path / "work.duckdb", folder, "mare", epsilon=1000.0)
    duckpaste.sample(model, tmp_path / "synthetic.duckdb", seed=5, n=50)
    with duckdb.connect(str(tmp_path / "synthetic.duckdb"), read_only=True) as con:
        both = con.execute(
            "select count(*), count(*) filter (p.customer_id = r.customer_id) from payment p join rental r using (rental_id)"
        ).fetchall()[0]
    assert both[0] > 0 and (
        model["payment"].lineage is None or model["payment"].lineage.parent != "rental" or both[0] == both[1]
    )
