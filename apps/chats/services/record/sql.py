"""The statements of ``record``: whole batches by UNNEST, prepared once per connection, few round trips.

Each statement is one constant text, so that PostgreSQL plans it once. Rows are given as arrays, one per column; which
columns messages and chats have, and in which order, is said in apps.chats.columns alone.
Everything is found by key, and has to be whatever the planner knows: at first the tables are empty, and a plan made
then is kept while they fill. So messages are looked up one by one (LATERAL with LIMIT is not turned into a join that
reads the whole account), what is updated is named by ``= ANY``, and PLANNING rules reading whole tables out.
"""

from __future__ import annotations

from apps.chats.columns.chats import CHAT_TABLE
from apps.chats.columns.messages import MESSAGE_TABLE, names_in_service
from apps.chats.services.record.arrays import Unnest, UnnestRows
from apps.chats.sight import OFFICIAL_IDS

PLANNING = (
    "SELECT set_config('enable_seqscan', 'off', false), set_config('enable_bitmapscan', 'off', false), "
    "set_config('plan_cache_mode', 'force_generic_plan', false)"
)
"""For the connection that ``record`` works on, once."""

# Also says whether the session's last_update_at is worth a write.
HOLD = """
SELECT s.last_update_at IS NULL OR s.last_update_at < clock_timestamp() - interval '5 seconds'
FROM telegram_leases l JOIN telegram_sessions s ON s.id = l.session_id
WHERE l.session_id = %s AND l.owner_id = %s AND l.fence = %s FOR SHARE OF l
"""

_CHAT = CHAT_TABLE.row("c")

# Locks are taken in the order of ids: two transactions that need the same chats wait, they do not deadlock.
LOCK_CHATS = (
    f"SELECT {_CHAT} FROM telegram_chats c WHERE c.session_id = %(session)s AND c.peer_id = ANY(%(peers)s) "  # noqa: S608
    "ORDER BY c.id FOR NO KEY UPDATE"
)

MESSAGE_KEYS = Unnest({"box": "bigint", "id": "bigint"})

# The wide form also finds the chats of messages that a batch names without saying where they are.
LOCK_CHATS_OF_MESSAGES = f"""
SELECT {_CHAT} FROM telegram_chats c
WHERE c.id = ANY(ARRAY(
    SELECT o.id FROM telegram_chats o WHERE o.session_id = %(session)s AND o.peer_id = ANY(%(peers)s)
    UNION
    SELECT m.chat_id FROM {MESSAGE_KEYS}
        CROSS JOIN LATERAL (SELECT f.chat_id FROM telegram_messages f
            WHERE f.session_id = %(session)s AND f.box = k.box AND f.telegram_id = k.id LIMIT 1) m
    UNION
    SELECT m.chat_id FROM telegram_messages m WHERE m.session_id = %(session)s AND m.random_id = ANY(%(random)s)
    UNION
    SELECT o.id FROM telegram_chats o
        WHERE %(account)s AND o.session_id = %(session)s AND o.peer_id > %(mark)s
))
ORDER BY c.id FOR NO KEY UPDATE
"""  # noqa: S608

NEW_CHATS = UnnestRows(CHAT_TABLE.made)

CREATE_CHATS = f"""
INSERT INTO telegram_chats (session_id, {NEW_CHATS.names}, updated_at)
SELECT %(session)s, {NEW_CHATS.values}, clock_timestamp() FROM {NEW_CHATS}
ON CONFLICT (session_id, peer_id) DO NOTHING
"""  # noqa: S608

_MESSAGE = MESSAGE_TABLE.row("m")

MESSAGES = f"""
SELECT {_MESSAGE} FROM {MESSAGE_KEYS}
CROSS JOIN LATERAL (SELECT * FROM telegram_messages f
    WHERE f.session_id = %(session)s AND f.box = k.box AND f.telegram_id = k.id LIMIT 1) m
"""  # noqa: S608

RANDOM_IDS = Unnest({"random_id": "bigint", "id": "bigint"})

# Our own by random_id, and the rows under which the same messages may have arrived already.
MESSAGES_BY_RANDOM_ID = f"""
SELECT {_MESSAGE} FROM telegram_messages m WHERE m.session_id = %(session)s AND m.random_id = ANY(%(random_id)s)
UNION ALL
SELECT {_MESSAGE} FROM {RANDOM_IDS}
CROSS JOIN LATERAL (SELECT f.id, f.box FROM telegram_messages f
    WHERE f.session_id = %(session)s AND f.random_id = k.random_id LIMIT 1) p
CROSS JOIN LATERAL (SELECT * FROM telegram_messages f
    WHERE f.session_id = %(session)s AND f.box = p.box AND f.telegram_id = k.id LIMIT 1) m
WHERE m.id <> p.id
"""  # noqa: S608

MESSAGES_OF_RANGE = f"""
SELECT {_MESSAGE} FROM telegram_messages m
WHERE m.chat_id = (SELECT id FROM telegram_chats WHERE session_id = %(session)s AND peer_id = %(peer)s)
    AND m.telegram_id >= %(low)s AND m.telegram_id < %(high)s
"""  # noqa: S608

FULL_PEERS = Unnest(
    {
        "peer_id": "bigint",
        "kind": "text",
        "name": "text",
        "username": "text",
        "phone": "text",
        "access_hash": "bigint",
        "is_self": "boolean",
        "is_contact": "boolean",
        "is_deleted": "boolean",
        "is_online": "boolean",
        "last_seen_at": "timestamptz",
        "online_until": "timestamptz",
    }
)

PEERS = f"SELECT {FULL_PEERS.names} FROM telegram_peers WHERE session_id = %s AND peer_id = ANY(%s)"  # noqa: S608

MESSAGE_IDS = "SELECT nextval('telegram_messages_id_seq') FROM generate_series(1, %s)"

# Only peers that differ from what PEERS has shown are given; written is what still differs then.
UPSERT_PEERS = f"""
INSERT INTO telegram_peers AS p (session_id, {FULL_PEERS.names})
SELECT %(session)s, {FULL_PEERS.values} FROM {FULL_PEERS} ORDER BY k.peer_id
ON CONFLICT (session_id, peer_id) DO UPDATE SET kind = EXCLUDED.kind, name = EXCLUDED.name,
    username = EXCLUDED.username, phone = EXCLUDED.phone,
    access_hash = COALESCE(EXCLUDED.access_hash, p.access_hash), is_self = EXCLUDED.is_self,
    is_contact = EXCLUDED.is_contact, is_deleted = EXCLUDED.is_deleted, is_online = EXCLUDED.is_online,
    last_seen_at = COALESCE(EXCLUDED.last_seen_at, p.last_seen_at), online_until = EXCLUDED.online_until
WHERE (p.kind, p.name, p.username, p.phone, p.access_hash, p.is_self, p.is_contact, p.is_deleted, p.is_online,
    p.last_seen_at, p.online_until) IS DISTINCT FROM (EXCLUDED.kind, EXCLUDED.name, EXCLUDED.username, EXCLUDED.phone,
    COALESCE(EXCLUDED.access_hash, p.access_hash), EXCLUDED.is_self, EXCLUDED.is_contact, EXCLUDED.is_deleted,
    EXCLUDED.is_online, COALESCE(EXCLUDED.last_seen_at, p.last_seen_at), EXCLUDED.online_until)
"""  # noqa: S608

PARTIAL_PEERS = Unnest(
    {"peer_id": "bigint", "kind": "text", "name": "text", "username": "text", "is_deleted": "boolean"}
)

# A min constructor changes only peers that are known from min constructors (https://core.telegram.org/api/min).
PUT_PARTIAL_PEERS = f"""
INSERT INTO telegram_peers (session_id, {PARTIAL_PEERS.names}, phone, is_self, is_contact, is_online)
SELECT %(session)s, {PARTIAL_PEERS.values}, '', false, false, false FROM {PARTIAL_PEERS} ORDER BY k.peer_id
ON CONFLICT (session_id, peer_id) DO UPDATE
SET name = EXCLUDED.name, username = EXCLUDED.username, is_deleted = EXCLUDED.is_deleted
WHERE telegram_peers.access_hash IS NULL
"""  # noqa: S608

RENAMED = Unnest({"peer_id": "bigint", "name": "text", "username": "text"})

RENAME = f"""
UPDATE telegram_peers p SET name = k.name, username = k.username
FROM {RENAMED}
WHERE p.session_id = %(session)s AND p.peer_id = k.peer_id AND p.peer_id = ANY(%(peer_id)s)
"""  # noqa: S608

RENUMBERED = Unnest({"peer_id": "bigint", "phone": "text"})

RENUMBER = f"""
UPDATE telegram_peers p SET phone = k.phone
FROM {RENUMBERED}
WHERE p.session_id = %(session)s AND p.peer_id = k.peer_id AND p.peer_id = ANY(%(peer_id)s)
"""  # noqa: S608

SEEN = Unnest({"peer_id": "bigint", "is_online": "boolean", "at": "timestamptz", "online_until": "timestamptz"})

PRESENCE = f"""
UPDATE telegram_peers p SET is_online = k.is_online, last_seen_at = COALESCE(k.at, p.last_seen_at),
    online_until = k.online_until
FROM {SEEN}
WHERE p.session_id = %(session)s AND p.peer_id = k.peer_id AND p.peer_id = ANY(%(peer_id)s)
"""  # noqa: S608

# Each under its message's id: what was masked in it, sealed for that row.
STORED_SECRETS = "SELECT message_id, secret FROM telegram_message_secrets WHERE message_id = ANY(%s)"
REMOVE_SECRETS = "DELETE FROM telegram_message_secrets WHERE message_id = ANY(%s)"
SECRETS = Unnest({"message_id": "bigint", "secret": "bytea"})
PUT_SECRETS = f"""
INSERT INTO telegram_message_secrets ({SECRETS.names}) SELECT {SECRETS.values} FROM {SECRETS}
ON CONFLICT (message_id) DO UPDATE SET secret = EXCLUDED.secret
"""  # noqa: S608

REMOVE_MESSAGES = "DELETE FROM telegram_messages WHERE id = ANY(%s)"

CLEARED = Unnest({"chat_id": "bigint", "max_id": "bigint"})

CLEAR_HISTORIES = f"""
DELETE FROM telegram_messages m USING {CLEARED}
WHERE m.chat_id = k.chat_id AND m.telegram_id <= k.max_id AND m.chat_id = ANY(%(chat_id)s)
"""  # noqa: S608

MIGRATED = Unnest({"chat_id": "bigint", "became": "bigint"})

# What waits to go out in a group that has become a supergroup goes out there. Both chats are locked.
MOVE_WAITING = f"""
UPDATE telegram_messages m SET chat_id = k.became, box = n.peer_id, reply_to_id = NULL
FROM {MIGRATED} JOIN telegram_chats n ON n.id = k.became
WHERE m.chat_id = k.chat_id AND m.chat_id = ANY(%(chat_id)s) AND m.telegram_id IS NULL AND m.out
RETURNING m.id, k.chat_id, k.became
"""  # noqa: S608

NEW_MESSAGES = UnnestRows(MESSAGE_TABLE.columns)

INSERT_MESSAGES = f"""
INSERT INTO telegram_messages (session_id, {NEW_MESSAGES.names})
SELECT %(session)s, {NEW_MESSAGES.values} FROM {NEW_MESSAGES}
"""  # noqa: S608

CHANGED_MESSAGES = UnnestRows(MESSAGE_TABLE.changing)

UPDATE_MESSAGES = f"""
UPDATE telegram_messages m SET {CHANGED_MESSAGES.assignments} FROM {CHANGED_MESSAGES}
WHERE m.id = k.id AND m.id = ANY(%(id)s)
"""  # noqa: S608

EVENTS = Unnest({"chat_id": "bigint", "number": "bigint", "kind": "text", "message_id": "bigint", "data": "jsonb"})

INSERT_EVENTS = f"INSERT INTO chat_events ({EVENTS.names}) SELECT {EVENTS.values} FROM {EVENTS}"  # noqa: S608

CHANGED_CHATS = UnnestRows(CHAT_TABLE.changing)

UPDATE_CHATS = f"""
UPDATE telegram_chats c SET {CHANGED_CHATS.assignments}, updated_at = clock_timestamp() FROM {CHANGED_CHATS}
WHERE c.id = k.id AND c.id = ANY(%(id)s)
"""  # noqa: S608

# What the list of an ordinary chat, which all may see, shows and counts: nothing that is for managers only.
_LISTED = f"(NOT m.managers_only OR c.peer_id IN ({OFFICIAL_IDS}))"

RECOUNT_UNREAD = f"""
UPDATE telegram_chats c SET unread_count = (
    SELECT count(*) FROM telegram_messages m
    WHERE m.chat_id = c.id AND m.telegram_id > c.read_inbox_max_id AND NOT m.out AND m.deleted_at IS NULL AND {_LISTED})
WHERE c.id = ANY(%s)
"""  # noqa: S608

# Messages that are not stored were deleted: every unread count that may have included them is stale.
MARK_UNREAD_STALE = """
UPDATE telegram_chats c SET unread_stale = true
WHERE c.session_id = %s AND c.peer_id > %s AND c.unread_count > 0 AND NOT c.unread_stale AND NOT c.history_complete
    AND (c.synced_from_id IS NULL OR c.synced_from_id > c.read_inbox_max_id + 1)
    AND EXISTS (SELECT 1 FROM unnest(%s::bigint[]) k(id)
        WHERE k.id > c.read_inbox_max_id AND k.id <= c.last_message_id)
"""

# The last message was deleted: the one before it is the last now, if there is one.
LAST_LISTED = f"""
SELECT k.id, l.telegram_id, l.date, COALESCE(l.text, ''), l.entities, l.media, l.service, COALESCE(l.sender, ''),
    l.sender_id, COALESCE(l.out, false), l.names, (SELECT c.kind FROM telegram_chats c WHERE c.id = k.id)
FROM unnest(%(chats)s::bigint[]) k(id) LEFT JOIN LATERAL (
    SELECT m.telegram_id, m.date, m.text, m.entities::text AS entities, m.media::text AS media,
        m.service::text AS service, m.out, m.sender_id,
        {names_in_service("m")}::text AS names,
        (SELECT p.name FROM telegram_peers p
         WHERE p.session_id = m.session_id AND p.peer_id = m.sender_id AND NOT p.is_self AND NOT m.out) AS sender
    FROM telegram_messages m
    WHERE m.chat_id = k.id AND m.telegram_id IS NOT NULL AND m.deleted_at IS NULL
        AND (NOT m.managers_only
            OR (SELECT o.peer_id FROM telegram_chats o WHERE o.id = m.chat_id) IN ({OFFICIAL_IDS}))
    ORDER BY m.telegram_id DESC LIMIT 1) l ON true
"""  # noqa: S608

LAST = Unnest(
    {"id": "bigint", "telegram_id": "bigint", "date": "timestamptz", "text": "text", "sender": "text", "out": "boolean"}
)

SHOW_LAST = f"""
UPDATE telegram_chats c SET last_message_id = k.telegram_id, last_message_at = COALESCE(k.date, c.last_message_at),
    last_message_text = k.text, last_message_sender = k.sender, last_message_out = k.out
FROM {LAST}
WHERE c.id = k.id AND c.id = ANY(%(id)s)
"""  # noqa: S608

GAPS = Unnest({"box": "bigint", "low_pts": "bigint", "high_pts": "bigint", "how": "text", "recovered": "integer"})

# A batch whose commit was not answered is stored again: its gaps are on record once.
INSERT_GAPS = f"""
INSERT INTO telegram_gaps (session_id, after_row, {GAPS.names}, at, closed_at)
SELECT %(session)s, %(after_row)s, {GAPS.values}, clock_timestamp(),
    CASE WHEN k.how <> 'too_long' THEN clock_timestamp() END
FROM {GAPS}
WHERE NOT EXISTS (SELECT 1 FROM telegram_gaps g WHERE g.session_id = %(session)s AND g.box = k.box
    AND g.low_pts = k.low_pts AND g.high_pts = k.high_pts AND g.how = k.how
    AND g.at > clock_timestamp() - interval '1 minute')
"""  # noqa: S608

UNREADABLE_IDS = "SELECT nextval('telegram_unreadable_updates_id_seq') FROM generate_series(1, %s)"

UNREADABLE = Unnest({"id": "bigint", "kind": "text", "reason": "text", "data": "bytea"})

INSERT_UNREADABLE = f"""
INSERT INTO telegram_unreadable_updates (session_id, {UNREADABLE.names}, at)
SELECT %(session)s, {UNREADABLE.values}, clock_timestamp() FROM {UNREADABLE}
"""  # noqa: S608

CHANNELS = Unnest({"peer_id": "bigint", "pts": "bigint"})

CHANNEL_STATES = f"""
INSERT INTO telegram_channel_states AS s (session_id, {CHANNELS.names})
SELECT %(session)s, {CHANNELS.values} FROM {CHANNELS} ORDER BY k.peer_id
ON CONFLICT (session_id, peer_id) DO UPDATE SET pts = EXCLUDED.pts WHERE s.pts <> EXCLUDED.pts
"""  # noqa: S608

CHECKPOINT = """
INSERT INTO telegram_update_states (session_id, pts, qts, date, seq) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (session_id) DO UPDATE SET pts = EXCLUDED.pts, qts = EXCLUDED.qts, date = EXCLUDED.date, seq = EXCLUDED.seq
"""

# What staff see of an account is what its owner has made of it since the sign-in. A number is never unlearnt.
OWN_PROFILE = """
UPDATE telegram_sessions s SET profile_name = left(p.name, 160), username = p.username,
    phone = COALESCE(NULLIF(p.phone, ''), s.phone)
FROM telegram_peers p
WHERE s.id = %s AND p.session_id = s.id AND p.peer_id = s.telegram_user_id
    AND (s.profile_name, s.username, s.phone)
        IS DISTINCT FROM (left(p.name, 160), p.username, COALESCE(NULLIF(p.phone, ''), s.phone))
"""

LAST_UPDATE = "UPDATE telegram_sessions SET last_update_at = clock_timestamp() WHERE id = %s"
