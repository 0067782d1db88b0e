"""What the catalogs of a PostgreSQL server say about a service's database, its roles and what is in it."""

from typing import TYPE_CHECKING, Final

from fastapi_fleet.backends.postgres_state import (
    ContainedObject,
    ContentsState,
    DatabaseRoles,
    DatabaseState,
    Membership,
    RoleState,
)

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_ROLES_QUERY: Final = """
SELECT rolname::text AS name,
       rolcanlogin AS can_login,
       array_remove(ARRAY[
         CASE WHEN rolsuper THEN 'NOSUPERUSER' END,
         CASE WHEN rolcreatedb THEN 'NOCREATEDB' END,
         CASE WHEN rolcreaterole THEN 'NOCREATEROLE' END,
         CASE WHEN rolreplication THEN 'NOREPLICATION' END,
         CASE WHEN rolbypassrls THEN 'NOBYPASSRLS' END,
         CASE WHEN NOT rolinherit THEN 'INHERIT' END
       ], NULL) AS excess,
       rolconnlimit AS connection_limit,
       coalesce(isfinite(rolvaliduntil), false) AS expires,
       (SELECT substr(setting, 6) FROM pg_db_role_setting, unnest(setconfig) AS setting
        WHERE setrole = pg_roles.oid AND setdatabase = 0 AND setting LIKE 'role=%') AS default_role,
       pg_has_role(oid, 'USAGE') AS administered,
       shobj_description(oid, 'pg_authid') AS mark
FROM pg_roles WHERE rolname = ANY($1::text[])
"""

# Whether a membership can be inherited and set has been told apart since PostgreSQL 16 only.
_MEMBERSHIPS_QUERY: Final = """
SELECT pg_get_userbyid(member)::text AS member,
       pg_get_userbyid(roleid)::text AS role,
       pg_get_userbyid(grantor)::text AS grantor,
       coalesce((to_jsonb(membership) ->> 'inherit_option')::boolean, true)
         AND coalesce((to_jsonb(membership) ->> 'set_option')::boolean, true) AS usable
FROM pg_auth_members AS membership WHERE pg_get_userbyid(member) = ANY($1::text[])
ORDER BY 1, 2, 3
"""

_VERIFIERS_ARE_READABLE: Final = "SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT')"
_VERIFIERS_QUERY: Final = (
    "SELECT rolname::text AS role, rolpassword AS verifier FROM pg_authid WHERE rolname = ANY($1::text[])"
)

_DATABASE_QUERY: Final = """
SELECT pg_get_userbyid(datdba)::text AS owner,
       coalesce(bool_or(grantee = 0), false) AS open_to_public,
       count(DISTINCT privilege_type) FILTER (WHERE grantee = datdba) < 3 AS owner_restricted,
       coalesce(array_agg(privilege_type) FILTER (WHERE pg_get_userbyid(grantee) = $2), '{}') AS runtime_rights,
       EXISTS (
         SELECT FROM pg_shdepend
         WHERE dbid = pg_database.oid AND deptype = 'o' AND pg_get_userbyid(refobjid) = ANY($3::text[])
           AND classid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_namespace'::regclass)
       ) AS logins_own_objects,
       shobj_description(oid, 'pg_database') AS mark
FROM pg_database LEFT JOIN LATERAL aclexplode(coalesce(datacl, acldefault('d', datdba))) ON true
WHERE datname = $1
GROUP BY oid, datdba
"""

_DEFAULTS_QUERY: Final = """
SELECT defaclobjtype::text || ':' || privilege_type
FROM pg_default_acl CROSS JOIN LATERAL aclexplode(defaclacl)
WHERE pg_get_userbyid(defaclrole) = $1 AND defaclnamespace = 0 AND pg_get_userbyid(grantee) = $2
"""

_OPEN_SCHEMAS_QUERY: Final = """
SELECT quote_ident(nspname)
FROM pg_namespace CROSS JOIN LATERAL aclexplode(nspacl)
WHERE privilege_type = 'CREATE' AND (grantee = 0 OR pg_get_userbyid(grantee) = $1)
  AND nspname !~ '^pg_' AND nspname <> 'information_schema'
ORDER BY 1
"""

# Parts of the system and of extensions are left out. A sequence of a column has its table's owner.
_OBJECTS_QUERY: Final = """
WITH contained(class, object, owner, namespace, depends) AS (
  SELECT 'pg_class'::regclass, oid, relowner, relnamespace, EXISTS (
           SELECT FROM pg_depend
           WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND refclassid = 'pg_class'::regclass
             AND relkind = 'S' AND deptype IN ('a', 'i'))
  FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
  UNION ALL SELECT 'pg_proc'::regclass, oid, proowner, pronamespace, false FROM pg_proc
  UNION ALL SELECT 'pg_namespace'::regclass, oid, nspowner, oid, false FROM pg_namespace
  UNION ALL
  SELECT 'pg_type'::regclass, pg_type.oid, typowner, typnamespace, false
  FROM pg_type LEFT JOIN pg_class ON pg_class.oid = typrelid
  WHERE typtype IN ('d', 'e', 'r') OR relkind = 'c'
)
SELECT CASE WHEN class = 'pg_proc'::regclass THEN 'routine' ELSE type END AS kind,
       identity, pg_get_userbyid(owner)::text AS owner, depends
FROM contained
JOIN pg_namespace ON pg_namespace.oid = namespace
CROSS JOIN LATERAL pg_identify_object(class, object, 0)
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = class AND objid = object AND deptype = 'e')
ORDER BY class = 'pg_namespace'::regclass DESC, depends, identity
"""


async def observe_roles(connection: "Connection[Record]", *names: str) -> dict[str, RoleState]:
    """Those of the roles that there are. Whether passwords fit is asked apart from this."""
    memberships: dict[str, list[Membership]] = {}
    for row in await connection.fetch(_MEMBERSHIPS_QUERY, names):
        memberships.setdefault(row["member"], []).append(Membership(row["role"], row["grantor"], row["usable"]))
    roles = {}
    for row in await connection.fetch(_ROLES_QUERY, names):
        state = {key: value for key, value in row.items() if key not in {"name", "excess"}}
        own = tuple(memberships.get(row["name"], ()))
        roles[row["name"]] = RoleState(**state, excess=tuple(row["excess"]), memberships=own)
    return roles


async def read_verifiers(connection: "Connection[Record]", *names: str) -> dict[str, str | None] | None:
    """What the server keeps of passwords; None for an administrator who may not read it."""
    if not await connection.fetchval(_VERIFIERS_ARE_READABLE):
        return None
    return {row["role"]: row["verifier"] for row in await connection.fetch(_VERIFIERS_QUERY, names)}


async def observe_database(
    connection: "Connection[Record]", database: str, roles: DatabaseRoles
) -> DatabaseState | None:
    row = await connection.fetchrow(_DATABASE_QUERY, database, roles.runtime, roles.logins)
    return None if row is None else DatabaseState(**{**row, "runtime_rights": frozenset(row["runtime_rights"])})


async def observe_contents(inside: "Connection[Record]", roles: DatabaseRoles) -> ContentsState:
    """Without its objects, which are many. `inside` is a connection to the database itself."""
    defaults = await inside.fetch(_DEFAULTS_QUERY, roles.owner, roles.runtime)
    open_schemas = await inside.fetch(_OPEN_SCHEMAS_QUERY, roles.runtime)
    return ContentsState(frozenset(row[0] for row in defaults), tuple(row[0] for row in open_schemas))


async def list_objects(inside: "Connection[Record]") -> tuple[ContainedObject, ...]:
    return tuple(ContainedObject(**row) for row in await inside.fetch(_OBJECTS_QUERY))
