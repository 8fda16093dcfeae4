"""The login of our own processes at the embedded PostgreSQL: owner of our tables, and no superuser.

A superuser reads and writes the machine's files and runs its programs. It sets the cluster up and
makes this login; whatever else is done is done by one who cannot.
"""

from __future__ import annotations

import psycopg
from psycopg import sql
from sqlalchemy import URL

ROLE = "webcrm_sync_app"
_FACTS = {"role": sql.Identifier(ROLE), "name": sql.Literal(ROLE)}

_IS_PLAIN = """
SELECT NOT rolsuper AND rolcanlogin AND pg_get_userbyid(datdba) = rolname
  FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()
"""
#: What stands in our schema and is not the login's, as statements that give it. A sequence or a
#: row type goes with its table. Made by the superuser: by versions before this login was.
_STRAYS = sql.SQL("""
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
""").format(**_FACTS)


def settle(superuser: URL, plain: URL) -> None:
    """The login can sign in with its password and owns all that is ours. Idempotent.

    `superuser` and `plain`: how each of the two reaches the server, which answers. A cluster of
    an earlier version, which knew the superuser alone, is brought to this here.
    """
    if _is_settled(plain):
        return
    assert plain.password is not None
    secret = _FACTS | {"password": sql.Literal(plain.password)}
    with _reached(superuser) as connection:
        is_new = connection.execute("SELECT to_regrole(%s) IS NULL", [ROLE]).fetchone() == (True,)
        made = "{verb} ROLE {role} NOSUPERUSER LOGIN PASSWORD {password}"
        verb = sql.SQL("CREATE" if is_new else "ALTER")
        connection.execute(sql.SQL(made).format(verb=verb, **secret))
        give = sql.SQL("ALTER DATABASE {database} OWNER TO {role}")
        database = sql.Identifier(connection.info.dbname)
        connection.execute(give.format(database=database, **_FACTS))
        for (statement,) in connection.execute(_STRAYS).fetchall():
            connection.execute(statement)


def _is_settled(plain: URL) -> bool:
    try:
        with _reached(plain) as connection:
            is_plain = connection.execute(_IS_PLAIN).fetchone() == (True,)
            return is_plain and connection.execute(_STRAYS).fetchone() is None
    except psycopg.OperationalError:
        return False


def address(url: URL) -> str:
    """The address as SQLAlchemy and libpq both read it: for libpq a plus sign is no space."""
    place, _, query = url.render_as_string(hide_password=False).partition("?")
    return f"{place}?{query.replace('+', '%20')}"


def _reached(url: URL) -> psycopg.Connection:
    return psycopg.connect(address(url.set(drivername="postgresql")), connect_timeout=10)
