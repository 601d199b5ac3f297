"""The statements of ``record``: whole batches by UNNEST, prepared once per connection, few round trips.

Each statement is one constant text, so that PostgreSQL plans it once. Columns are given as arrays, one per column.
Everything is found by key, and has to be whatever the planner knows: at first the tables are empty, and a plan made
then is kept while they fill. So messages are looked up one by one (LATERAL with LIMIT is not turned into a join that
reads the whole account), what is updated is named by ``= ANY``, and PLANNING rules reading whole tables out.
"""

from __future__ import annotations

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

CHAT_COLUMNS = (
    'id, peer_id, kind, title, username, members_count, can_send, "left", last_message_at, last_message_id, '
    "last_message_text, last_message_sender, last_message_out, unread_count, read_inbox_max_id, read_outbox_max_id, "
    "muted_until, pinned, archived, synced_from_id, history_complete, unread_doubtful, last_event"
)

# Locks are taken in the order of ids: two transactions that need the same chats wait, they do not deadlock.
LOCK_CHATS = (
    f"SELECT {CHAT_COLUMNS} FROM telegram_chats WHERE session_id = %s AND peer_id = ANY(%s) "  # noqa: S608
    "ORDER BY id FOR NO KEY UPDATE"
)

# The wide form also finds the chats of messages that a batch names without saying where they are.
LOCK_CHATS_OF_MESSAGES = f"""
SELECT {CHAT_COLUMNS} FROM telegram_chats
WHERE id = ANY(ARRAY(
    SELECT c.id FROM telegram_chats c WHERE c.session_id = %(session)s AND c.peer_id = ANY(%(peers)s)
    UNION
    SELECT m.chat_id FROM unnest(%(boxes)s::bigint[], %(ids)s::bigint[]) k(box, id)
        CROSS JOIN LATERAL (SELECT f.chat_id FROM telegram_messages f
            WHERE f.session_id = %(session)s AND f.box = k.box AND f.telegram_id = k.id LIMIT 1) m
    UNION
    SELECT m.chat_id FROM telegram_messages m WHERE m.session_id = %(session)s AND m.random_id = ANY(%(random)s)
    UNION
    SELECT c.id FROM telegram_chats c
        WHERE %(account)s AND c.session_id = %(session)s AND c.peer_id > %(mark)s
))
ORDER BY id FOR NO KEY UPDATE
"""  # noqa: S608

CREATE_CHATS = """
INSERT INTO telegram_chats (session_id, peer_id, kind, title, username, members_count, can_send, "left",
    last_message_at, last_message_text, last_message_sender, last_message_out, unread_count, read_inbox_max_id,
    read_outbox_max_id, pinned, archived, history_complete, last_event, updated_at)
SELECT %s, k.peer_id, k.kind, k.title, k.username, k.members, k.can_send, k.is_left, k.at, '', '', false, 0, 0, 0,
    false, false, false, 0, clock_timestamp()
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::int[], %s::bool[], %s::bool[], %s::timestamptz[])
    k(peer_id, kind, title, username, members, can_send, is_left, at)
ON CONFLICT (session_id, peer_id) DO NOTHING
"""

MESSAGE_COLUMNS = (
    "m.id, m.chat_id, m.box, m.telegram_id, m.random_id, m.state, m.error_code, m.waits_until, m.out, m.sender_id, "
    "m.date, m.text, m.entities::text, m.reply_to_id, m.edit_date, m.deleted_at, m.service::text, m.media::text, "
    "m.forward::text, m.post_author, m.managers_only"
)

MESSAGES = f"""
SELECT {MESSAGE_COLUMNS} FROM unnest(%s::bigint[], %s::bigint[]) k(box, id)
CROSS JOIN LATERAL (SELECT * FROM telegram_messages f
    WHERE f.session_id = %s AND f.box = k.box AND f.telegram_id = k.id LIMIT 1) m
"""  # noqa: S608

# Our own by random_id, and the rows under which the same messages may have arrived already.
MESSAGES_BY_RANDOM_ID = f"""
SELECT {MESSAGE_COLUMNS} FROM telegram_messages m WHERE m.session_id = %(session)s AND m.random_id = ANY(%(random)s)
UNION ALL
SELECT {MESSAGE_COLUMNS} FROM unnest(%(random)s::bigint[], %(ids)s::bigint[]) k(random_id, id)
CROSS JOIN LATERAL (SELECT f.id, f.box FROM telegram_messages f
    WHERE f.session_id = %(session)s AND f.random_id = k.random_id LIMIT 1) p
CROSS JOIN LATERAL (SELECT * FROM telegram_messages f
    WHERE f.session_id = %(session)s AND f.box = p.box AND f.telegram_id = k.id LIMIT 1) m
WHERE m.id <> p.id
"""  # noqa: S608

MESSAGES_OF_RANGE = f"""
SELECT {MESSAGE_COLUMNS} FROM telegram_messages m
WHERE m.chat_id = (SELECT id FROM telegram_chats WHERE session_id = %s AND peer_id = %s)
    AND m.telegram_id >= %s AND m.telegram_id < %s
"""  # noqa: S608

PEERS = (
    "SELECT peer_id, kind, name, username, phone, access_hash, is_self, is_contact, is_deleted, is_online, "
    "last_seen_at FROM telegram_peers WHERE session_id = %s AND peer_id = ANY(%s)"
)

MESSAGE_IDS = "SELECT nextval('telegram_messages_id_seq') FROM generate_series(1, %s)"

# Only peers that differ from what PEERS has shown are given; written is what still differs then.
UPSERT_PEERS = """
INSERT INTO telegram_peers AS p (session_id, peer_id, kind, name, username, phone, access_hash, is_self, is_contact,
    is_deleted, is_online, last_seen_at)
SELECT %s, k.* FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bool[],
    %s::bool[], %s::bool[], %s::bool[], %s::timestamptz[])
    k(peer_id, kind, name, username, phone, access_hash, is_self, is_contact, is_deleted, is_online, last_seen_at)
ORDER BY k.peer_id
ON CONFLICT (session_id, peer_id) DO UPDATE SET kind = EXCLUDED.kind, name = EXCLUDED.name,
    username = EXCLUDED.username, phone = EXCLUDED.phone,
    access_hash = COALESCE(EXCLUDED.access_hash, p.access_hash), is_self = EXCLUDED.is_self,
    is_contact = EXCLUDED.is_contact, is_deleted = EXCLUDED.is_deleted, is_online = EXCLUDED.is_online,
    last_seen_at = COALESCE(EXCLUDED.last_seen_at, p.last_seen_at)
WHERE (p.kind, p.name, p.username, p.phone, p.access_hash, p.is_self, p.is_contact, p.is_deleted, p.is_online,
    p.last_seen_at) IS DISTINCT FROM (EXCLUDED.kind, EXCLUDED.name, EXCLUDED.username, EXCLUDED.phone,
    COALESCE(EXCLUDED.access_hash, p.access_hash), EXCLUDED.is_self, EXCLUDED.is_contact, EXCLUDED.is_deleted,
    EXCLUDED.is_online, COALESCE(EXCLUDED.last_seen_at, p.last_seen_at))
"""

ADD_PARTIAL_PEERS = """
INSERT INTO telegram_peers (session_id, peer_id, kind, name, username, phone, is_self, is_contact, is_deleted,
    is_online)
SELECT %s, k.peer_id, k.kind, k.name, k.username, '', false, false, k.is_deleted, false
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bool[]) k(peer_id, kind, name, username, is_deleted)
ORDER BY k.peer_id
ON CONFLICT (session_id, peer_id) DO NOTHING
"""

PRESENCE = """
UPDATE telegram_peers p SET is_online = k.is_online, last_seen_at = COALESCE(k.at, p.last_seen_at)
FROM unnest(%s::bigint[], %s::bool[], %s::timestamptz[]) k(peer_id, is_online, at)
WHERE p.session_id = %s AND p.peer_id = k.peer_id AND p.peer_id = ANY(%s)
"""

# Each under its message's id: what was masked in it, sealed for that row.
STORED_SECRETS = "SELECT message_id, secret FROM telegram_message_secrets WHERE message_id = ANY(%s)"
REMOVE_SECRETS = "DELETE FROM telegram_message_secrets WHERE message_id = ANY(%s)"
PUT_SECRETS = """
INSERT INTO telegram_message_secrets (message_id, secret)
SELECT k.id, k.secret FROM unnest(%s::bigint[], %s::bytea[]) k(id, secret)
ON CONFLICT (message_id) DO UPDATE SET secret = EXCLUDED.secret
"""

REMOVE_MESSAGES = "DELETE FROM telegram_messages WHERE id = ANY(%s)"

_MESSAGE_ARRAYS = (
    "unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], "
    "%s::timestamptz[], %s::bool[], %s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::bigint[], "
    "%s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bool[]) "
    "k(id, chat_id, box, telegram_id, random_id, state, error_code, waits_until, out, sender_id, date, text, entities, "
    "reply_to_id, edit_date, deleted_at, service, media, forward, post_author, managers_only)"
)

INSERT_MESSAGES = f"""
INSERT INTO telegram_messages (session_id, id, chat_id, box, telegram_id, random_id, state, error_code, waits_until,
    out, sender_id, date, text, entities, reply_to_id, edit_date, deleted_at, service, media, forward, post_author,
    managers_only)
SELECT %s, k.id, k.chat_id, k.box, k.telegram_id, k.random_id, k.state, k.error_code, k.waits_until, k.out, k.sender_id,
    k.date, k.text, k.entities::jsonb, k.reply_to_id, k.edit_date, k.deleted_at, k.service::jsonb, k.media::jsonb,
    k.forward::jsonb, k.post_author, k.managers_only
FROM {_MESSAGE_ARRAYS}
"""  # noqa: S608

UPDATE_MESSAGES = f"""
UPDATE telegram_messages m SET telegram_id = k.telegram_id, state = k.state, error_code = k.error_code,
    waits_until = k.waits_until, out = k.out, sender_id = k.sender_id, date = k.date, text = k.text,
    entities = k.entities::jsonb, reply_to_id = k.reply_to_id, edit_date = k.edit_date, deleted_at = k.deleted_at,
    service = k.service::jsonb, media = k.media::jsonb, forward = k.forward::jsonb, post_author = k.post_author,
    managers_only = k.managers_only
FROM {_MESSAGE_ARRAYS}
WHERE m.id = k.id AND m.id = ANY(%s)
"""  # noqa: S608

INSERT_EVENTS = """
INSERT INTO chat_events (chat_id, number, kind, message_id, data)
SELECT k.chat_id, k.number, k.kind, k.message_id, k.data::jsonb
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::text[]) k(chat_id, number, kind, message_id, data)
"""

UPDATE_CHATS = """
UPDATE telegram_chats c SET kind = k.kind, title = k.title, username = k.username, members_count = k.members_count,
    can_send = k.can_send, "left" = k.is_left, last_message_at = k.last_message_at, last_message_id = k.last_message_id,
    last_message_text = k.last_message_text, last_message_sender = k.last_message_sender,
    last_message_out = k.last_message_out, unread_count = k.unread_count, read_inbox_max_id = k.read_inbox_max_id,
    read_outbox_max_id = k.read_outbox_max_id, muted_until = k.muted_until, pinned = k.pinned, archived = k.archived,
    synced_from_id = k.synced_from_id, history_complete = k.history_complete, unread_doubtful = k.unread_doubtful,
    last_event = k.last_event, updated_at = clock_timestamp()
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::int[], %s::bool[], %s::bool[], %s::timestamptz[],
    %s::bigint[], %s::text[], %s::text[], %s::bool[], %s::int[], %s::bigint[], %s::bigint[], %s::timestamptz[],
    %s::bool[], %s::bool[], %s::bigint[], %s::bool[], %s::bool[], %s::bigint[])
    k(id, kind, title, username, members_count, can_send, is_left, last_message_at, last_message_id, last_message_text,
    last_message_sender, last_message_out, unread_count, read_inbox_max_id, read_outbox_max_id, muted_until, pinned,
    archived, synced_from_id, history_complete, unread_doubtful, last_event)
WHERE c.id = k.id AND c.id = ANY(%s)
"""

# What the list of an ordinary chat, which all may see, shows and counts: nothing that is for managers only.
_LISTED = f"(NOT m.managers_only OR c.peer_id IN ({OFFICIAL_IDS}))"

RECOUNT_UNREAD = f"""
UPDATE telegram_chats c SET unread_count = (
    SELECT count(*) FROM telegram_messages m
    WHERE m.chat_id = c.id AND m.telegram_id > c.read_inbox_max_id AND NOT m.out AND m.deleted_at IS NULL AND {_LISTED})
WHERE c.id = ANY(%s)
"""  # noqa: S608

# Messages that nobody knew were deleted: wherever they may have been counted, the count is in doubt.
DOUBT_UNREAD = """
UPDATE telegram_chats c SET unread_doubtful = true
WHERE c.session_id = %s AND c.peer_id > %s AND c.unread_count > 0 AND NOT c.unread_doubtful AND NOT c.history_complete
    AND (c.synced_from_id IS NULL OR c.synced_from_id > c.read_inbox_max_id + 1)
    AND EXISTS (SELECT 1 FROM unnest(%s::bigint[]) k(id)
        WHERE k.id > c.read_inbox_max_id AND k.id <= c.last_message_id)
"""

# The last message was deleted: the one before it is the last now, if there is one.
LAST_LISTED = f"""
SELECT k.id, l.telegram_id, l.date, COALESCE(l.text, ''), l.media, COALESCE(l.sender, ''), COALESCE(l.out, false)
FROM unnest(%(chats)s::bigint[]) k(id) LEFT JOIN LATERAL (
    SELECT m.telegram_id, m.date, m.text, m.media::text AS media, m.out,
        (SELECT p.name FROM telegram_peers p
         WHERE p.session_id = m.session_id AND p.peer_id = m.sender_id AND NOT p.is_self AND NOT m.out) AS sender
    FROM telegram_messages m
    WHERE m.chat_id = k.id AND m.telegram_id IS NOT NULL AND m.deleted_at IS NULL
        AND (NOT m.managers_only
            OR (SELECT o.peer_id FROM telegram_chats o WHERE o.id = m.chat_id) IN ({OFFICIAL_IDS}))
    ORDER BY m.telegram_id DESC LIMIT 1) l ON true
"""  # noqa: S608

SHOW_LAST = """
UPDATE telegram_chats c SET last_message_id = k.telegram_id, last_message_at = COALESCE(k.date, c.last_message_at),
    last_message_text = k.text, last_message_sender = k.sender, last_message_out = k.out
FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::boolean[])
    k(id, telegram_id, date, text, sender, out)
WHERE c.id = k.id AND c.id = ANY(%s)
"""

# A batch whose commit was not answered is stored again: its gaps are on record once.
INSERT_GAPS = """
INSERT INTO telegram_gaps (session_id, after_row, box, low_pts, high_pts, how, recovered, at, closed_at)
SELECT %s, %s, k.box, k.low, k.high, k.how, k.recovered, clock_timestamp(),
    CASE WHEN k.how <> 'too_long' THEN clock_timestamp() END
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::int[]) k(box, low, high, how, recovered)
WHERE NOT EXISTS (SELECT 1 FROM telegram_gaps g WHERE g.session_id = %s AND g.box = k.box AND g.low_pts = k.low
    AND g.high_pts = k.high AND g.how = k.how AND g.at > clock_timestamp() - interval '1 minute')
"""

UNREADABLE_IDS = "SELECT nextval('telegram_unreadable_updates_id_seq') FROM generate_series(1, %s)"

INSERT_UNREADABLE = """
INSERT INTO telegram_unreadable_updates (session_id, id, kind, reason, data, at)
SELECT %s, k.id, k.kind, k.reason, k.data, clock_timestamp()
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bytea[]) k(id, kind, reason, data)
"""

CHANNEL_STATES = """
INSERT INTO telegram_channel_states AS s (session_id, peer_id, pts)
SELECT %s, k.peer_id, k.pts FROM unnest(%s::bigint[], %s::bigint[]) k(peer_id, pts) ORDER BY k.peer_id
ON CONFLICT (session_id, peer_id) DO UPDATE SET pts = EXCLUDED.pts WHERE s.pts <> EXCLUDED.pts
"""

CHECKPOINT = """
INSERT INTO telegram_update_states (session_id, pts, qts, date, seq) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (session_id) DO UPDATE SET pts = EXCLUDED.pts, qts = EXCLUDED.qts, date = EXCLUDED.date, seq = EXCLUDED.seq
"""

LAST_UPDATE = "UPDATE telegram_sessions SET last_update_at = clock_timestamp() WHERE id = %s"
