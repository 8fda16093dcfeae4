"""The login of the product's processes to the embedded PostgreSQL, which owns the tables.

It is not a superuser, since a superuser can read and write the machine's files and run programs.
The superuser only sets up the cluster and creates this login.
"""

from __future__ import annotations

import psycopg
from psycopg import sql
from sqlalchemy import URL

ROLE = "webcrm_sync_app"
_NAMES = {"role": sql.Identifier(ROLE), "name": sql.Literal(ROLE)}

_IS_PLAIN = """
SELECT NOT rolsuper AND rolcanlogin AND pg_get_userbyid(datdba) = rolname
  FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()
"""
#: Statements that give the login what another role owns in the schema: before this login existed,
#: the superuser created the tables. A sequence or a row type goes with its table.
_STATEMENTS_TO_TAKE_OVER = sql.SQL("""
WITH owner AS (SELECT oid FROM pg_roles WHERE rolname = {name})
SELECT format('ALTER TABLE %s OWNER TO %I', c.oid::regclass, {name})
  FROM pg_class c, owner
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
   AND relowner <> owner.oid
   AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                      AND d.objid = c.oid AND d.deptype IN ('a', 'i', 'e') AND c.relkind = 'S')
UNION ALL
SELECT format('ALTER ROUTINE %s OWNER TO %I', p.oid::regprocedure, {name})
  FROM pg_proc p, owner WHERE pronamespace = 'public'::regnamespace AND proowner <> owner.oid
UNION ALL
SELECT format('ALTER TYPE %s OWNER TO %I', t.oid::regtype, {name})
  FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid, owner
 WHERE typnamespace = 'public'::regnamespace AND typowner <> owner.oid
   AND (typtype IN ('e', 'd', 'r') OR (typtype = 'c' AND c.relkind = 'c'))
""").format(**_NAMES)


def ensure_login(superuser: URL, plain: URL) -> None:
    """Make the login able to sign in, and owner of the product's schema. Idempotent.

    `superuser` and `plain`: the URLs of the two logins at a running server. A cluster of an earlier
    version has only the superuser; this function upgrades it.
    """
    if _is_login_ready(plain):
        return
    assert plain.password is not None
    secret = _NAMES | {"password": sql.Literal(plain.password)}
    with _connect(superuser) as connection:
        is_new = connection.execute("SELECT to_regrole(%s) IS NULL", [ROLE]).fetchone() == (True,)
        create_or_alter = "{verb} ROLE {role} NOSUPERUSER LOGIN PASSWORD {password}"
        verb = sql.SQL("CREATE" if is_new else "ALTER")
        connection.execute(sql.SQL(create_or_alter).format(verb=verb, **secret))
        change_owner = sql.SQL("ALTER DATABASE {database} OWNER TO {role}")
        database = sql.Identifier(connection.info.dbname)
        connection.execute(change_owner.format(database=database, **_NAMES))
        for (statement,) in connection.execute(_STATEMENTS_TO_TAKE_OVER).fetchall():
            connection.execute(statement)


def _is_login_ready(plain: URL) -> bool:
    try:
        with _connect(plain) as connection:
            is_plain = connection.execute(_IS_PLAIN).fetchone() == (True,)
            return is_plain and connection.execute(_STATEMENTS_TO_TAKE_OVER).fetchone() is None
    except psycopg.OperationalError:
        return False


def address(url: URL) -> str:
    """The URL as SQLAlchemy and libpq both read it: to libpq a plus sign is no blank."""
    place, _, query = url.render_as_string(hide_password=False).partition("?")
    return f"{place}?{query.replace('+', '%20')}"


def _connect(url: URL) -> psycopg.Connection:
    return psycopg.connect(address(url.set(drivername="postgresql")), connect_timeout=10)
