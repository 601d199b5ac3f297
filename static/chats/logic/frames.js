// Types of what goes over the live socket, and of what HTTP gives of it: nothing runs here.
// Made from the server's declarations (apps/chats/live/frames/) by
// `bin/test tests/chats/live/test_frame_docs.py --write-docs`; the test fails when it differs from them.

/**
 * Somebody with a name: a peer of Telegram's, or a colleague.
 * @typedef {object} Person
 * @property {number} id peer id of a sender, user id of a colleague
 * @property {string} name as it is shown
 */

/**
 * A formatted span of a text, in UTF-16 code units.
 * @typedef {object} Entity
 * @property {string} kind `bold`, `text_url` …
 * @property {number} offset where it begins
 * @property {number} length how long it is
 * @property {string} [extra] a link's address, a code's language …
 */

/**
 * The message that is answered, as far as it is known.
 * @typedef {object} Reply
 * @property {number} tid its Telegram id
 * @property {string | null} name who wrote it
 * @property {string | null} text the beginning of its text
 * @property {string | null} [media] its kind of media; left out when it is `missing`
 * @property {boolean} missing it is not stored here, or not for this viewer
 * @property {boolean} deleted it is deleted
 */

/**
 * Where a forwarded message comes from.
 * @typedef {object} Forward
 * @property {string} name who wrote it, as this account knows them or as the forward says
 * @property {string | null} date when it was written
 */

/**
 * What went wrong at Telegram or here, for people.
 * @typedef {object} ErrorFacts
 * @property {string} code one of docs/errors.md
 * @property {string} message a sentence
 * @property {string} next what staff can do
 */

/**
 * A message as pages show it.
 * @typedef {object} Message
 * @property {number} id row id
 * @property {number} chat row id of its chat
 * @property {number | null} tid Telegram's id; null: not at Telegram yet
 * @property {string | null} cid the name that the page gave it that sent it
 * @property {string} state `received`, `sending`, `sent` or `failed`
 * @property {boolean} out the account wrote it
 * @property {Person} sender who wrote it
 * @property {Person | null} staff the colleague who sent it from here
 * @property {string} date when it was written
 * @property {string} text text is text: it is put into pages as nodes, never as markup
 * @property {Entity[]} entities its formatted spans
 * @property {Reply | null} reply what it answers
 * @property {string | null} edited when it was edited
 * @property {boolean} deleted it is deleted, and has no text any more
 * @property {Record<string, any> | null} service a service message's action, with its `kind`, and `names` by id
 * @property {Record<string, any> | null} media its media, with their `kind`
 * @property {Record<string, any> | null} details what it bears besides: `quote`, `topic_id`, `buttons`, `album_id`, `via_bot_id` …
 * @property {string | null} expires when it is deleted everywhere
 * @property {Forward | null} forward where it comes from
 * @property {string} author a channel post's signature
 * @property {ErrorFacts | null} error why it was not sent, or waits
 * @property {string | null} waits_until when it goes out
 * @property {boolean} masked there is a code in it, which `reveal` shows
 */

/**
 * A chat's last message, as the list shows it.
 * @typedef {object} LastMessage
 * @property {string} at when it was written
 * @property {number | null} tid its Telegram id
 * @property {string} text the beginning of its text, or what it holds
 * @property {string} sender who wrote it; empty for our own
 * @property {boolean} out the account wrote it
 */

/**
 * How many messages of a chat are not at Telegram.
 * @typedef {object} Waiting
 * @property {number} sending those that are to go out
 * @property {number} failed those that could not be sent
 */

/**
 * A row of the chat list.
 * @typedef {object} ChatRow
 * @property {number} id row id of the chat
 * @property {number} session its account
 * @property {number} peer Telegram's marked id
 * @property {string} kind `user`, `bot`, `group`, `supergroup` or `channel`
 * @property {string} title its name
 * @property {string} username its public name, or empty
 * @property {number | null} members how many are in it, where that is known
 * @property {boolean} can_send the account may write in it
 * @property {boolean} official it is Telegram's own account, for managers only
 * @property {boolean} left the account is no longer a member
 * @property {number | null} continued_in row id of the supergroup that this group has become: no list shows it
 * @property {number | null} continues row id of the group that this supergroup was: its older messages are there
 * @property {LastMessage} last its last message
 * @property {"sending" | "failed" | null} pending the worst of what waits
 * @property {Waiting} waiting how many messages wait
 * @property {number} unread unread messages
 * @property {boolean} marked marked as unread by hand
 * @property {number} read_inbox Telegram's id up to which others' messages are read
 * @property {number} read_outbox Telegram's id up to which others have read ours
 * @property {boolean} muted its notifications are off
 * @property {boolean} pinned it is pinned at Telegram
 * @property {boolean} online the other one is online; follows within a second
 * @property {string | null} restricted_until until when the account may not write here; null: no end is known
 * @property {string | null} slow_until until when slow mode lets nobody write
 * @property {number} at its last event's number
 */

/**
 * How much is unread in an account. Muted chats are counted apart; one that is marked by hand adds no message.
 * @typedef {object} AccountUnread
 * @property {number} session the account
 * @property {number} chats its chats with something unread
 * @property {number} messages their unread messages
 * @property {number} muted_chats the same of chats whose notifications are off
 * @property {number} muted_messages their unread messages
 */

/**
 * A page of the chat list.
 * @typedef {object} ChatListPage
 * @property {ChatRow[]} chats rows, newest first; of the tab `unread` the oldest first
 * @property {string | null} more the cursor of what follows (`…/list/?after=`), or null
 */

/**
 * A page of a chat's messages.
 * @typedef {object} HistoryPage
 * @property {number} chat the chat
 * @property {number} at the number of the last event that it has: replay begins after it
 * @property {string} epoch the epoch of event numbers
 * @property {Message[]} messages in their order, what waits to go out at the end
 * @property {"stored" | "telegram" | "start"} older what lies above: `stored` (more is), `telegram` (ask there) or `start` (nothing)
 * @property {number} ask_before what `history` is asked for when `older` is `telegram`
 * @property {boolean} newer there are messages below
 */

/**
 * A chat's newest page, with its row.
 * @typedef {object} Newest
 * @property {HistoryPage} page the newest messages that fit
 * @property {ChatRow} row the chat's row
 */

/**
 * What everybody who may see an account sees of it.
 * @typedef {object} SessionFacts
 * @property {number} id row id of the account
 * @property {string} name its name here
 * @property {string} phone its number, masked
 * @property {number | null} user_id Telegram's user id
 * @property {string} status `ready`, `connecting` …
 * @property {string} label the status for people
 * @property {string} code the error code of its cause, or empty
 * @property {string} cause the cause as a sentence, or empty
 * @property {string} message what the status means for the viewer, or empty
 * @property {string} since since when it is so
 * @property {string | null} retry_at when the next attempt is made
 * @property {string | null} flood_until until when Telegram lets it send nothing
 */

/**
 * An account as its viewer may use it.
 * @typedef {object} Session
 * @property {number} id row id of the account
 * @property {string} name its name here
 * @property {string} phone its number, masked
 * @property {number | null} user_id Telegram's user id
 * @property {string} status `ready`, `connecting` …
 * @property {string} label the status for people
 * @property {string} code the error code of its cause, or empty
 * @property {string} cause the cause as a sentence, or empty
 * @property {string} message what the status means for the viewer, or empty
 * @property {string} since since when it is so
 * @property {string | null} retry_at when the next attempt is made
 * @property {string | null} flood_until until when Telegram lets it send nothing
 * @property {string} role the viewer's role in it, for people
 * @property {boolean} can_send the viewer may write
 * @property {boolean} can_manage the viewer may manage it, and sees Telegram's own chats
 * @property {string[]} managers names of colleagues who manage it
 */

/**
 * Something that was asked of Telegram and refused, or not asked any more.
 * @typedef {object} Notice
 * @property {number | null} message the message that stays as it was
 * @property {"edit" | "delete"} action what was asked for
 * @property {ErrorFacts} error why
 */

/**
 * A message with the code in it, as Telegram sent it.
 * @typedef {object} RevealedText
 * @property {string} text its text
 * @property {Entity[]} entities its formatted spans
 */

/**
 * The answer to `reveal`; codes are bullets in every other frame.
 * @typedef {object} Revealed
 * @property {string} text its text
 * @property {Entity[]} entities its formatted spans
 * @property {number} message the message
 */

/**
 * The answer to `hello`.
 * @typedef {object} WelcomeFrame
 * @property {"welcome"} type
 * @property {number} version the protocol's version
 * @property {Session[]} sessions the accounts that the user may see
 * @property {string} [ref] the request's, if it had one
 */

/**
 * The user's rights have changed.
 * @typedef {object} SessionsFrame
 * @property {"sessions"} type
 * @property {Session[]} sessions the accounts that they may see now
 */

/**
 * An account's status has changed: its facts, without what depends on the viewer.
 * @typedef {object} SessionFrame
 * @property {"session"} type
 * @property {number} id row id of the account
 * @property {string} name its name here
 * @property {string} phone its number, masked
 * @property {number | null} user_id Telegram's user id
 * @property {string} status `ready`, `connecting` …
 * @property {string} label the status for people
 * @property {string} code the error code of its cause, or empty
 * @property {string} cause the cause as a sentence, or empty
 * @property {string} message what the status means for the viewer, or empty
 * @property {string} since since when it is so
 * @property {string | null} retry_at when the next attempt is made
 * @property {string | null} flood_until until when Telegram lets it send nothing
 */

/**
 * The answer to `list`: the first 100 rows, or those of them that fit; `chats` frames bring the others.
 * @typedef {object} ListFrame
 * @property {"list"} type
 * @property {number | null} session the account; null: all of them
 * @property {number} unread chats with unread messages
 * @property {string | null} more the cursor of what follows (`…/list/?after=`), or null
 * @property {ChatRow[]} chats rows, newest first
 * @property {string} [ref] the request's, if it had one
 */

/**
 * Rows of the list that changed.
 * @typedef {object} ChatsFrame
 * @property {"chats"} type
 * @property {number} session the account
 * @property {ChatRow[]} chats rows; one whose `at` is below that of the row that the page has says nothing new
 * @property {number} unread chats with unread messages
 */

/**
 * How much is unread, as it changes: of all accounts that the user may see soon after `welcome` and whenever their rights have changed, then of those in which it changed; it follows within a second.
 * @typedef {object} UnreadFrame
 * @property {"unread"} type
 * @property {AccountUnread[]} accounts accounts; what is known of others stays
 */

/**
 * The answer to `open` when the page's numbers go on: `events` follow.
 * @typedef {object} OpenedFrame
 * @property {"opened"} type
 * @property {number} chat the chat
 * @property {string} [ref] the request's, if it had one
 * @property {number} at replay begins after this number
 */

/**
 * What happened in the open chat; applying one twice does no harm.
 * @typedef {object} EventsFrame
 * @property {"events"} type
 * @property {number} chat the chat
 * @property {number} after the number before the first event; beyond what the page knows: it sends `open` again
 * @property {number} to the number of the last event; not beyond what the page knows: the frame says nothing new
 * @property {Message[]} messages the messages that the events are about, as they are now
 * @property {number[]} removed ids of messages whose rows are gone, or not for this viewer
 * @property {Notice[]} notices what was refused
 * @property {ChatRow} row the chat's row
 */

/**
 * The page begins again: the newest page, `at` and `epoch` of which say where to resume; `page` frames bring what of it does not fit.
 * @typedef {object} ResetFrame
 * @property {"reset"} type
 * @property {HistoryPage} page the newest messages that fit
 * @property {ChatRow} row the chat's row
 * @property {string} [ref] the request's, if it had one
 */

/**
 * Messages of the newest page above those of `reset`.
 * @typedef {object} PageFrame
 * @property {"page"} type
 * @property {number} chat the chat
 * @property {"stored" | "telegram" | "start"} older what lies above these
 * @property {number} ask_before what `history` is asked for when `older` is `telegram`
 * @property {Message[]} messages in their order
 */

/**
 * Somebody types in a chat of the account; not stored: it ends by itself after 6 s.
 * @typedef {object} TypingFrame
 * @property {"typing"} type
 * @property {number} session the account
 * @property {number} peer_id the chat's peer
 * @property {number} sender_id who types
 * @property {string} name their name, or empty
 * @property {string} action `typing`, `record_audio` …; `cancel` ends it
 */

/**
 * The request is carried out; nothing of it waits for Telegram.
 * @typedef {object} OkFrame
 * @property {"ok"} type
 * @property {string | null} ref the request's
 * @property {Message} [message] the message that `send` made
 * @property {Revealed} [shown] what `reveal` shows
 */

/**
 * The gateway has settled what was asked for.
 * @typedef {object} DoneFrame
 * @property {"done"} type
 * @property {string | null} ref the request's
 * @property {string} state `done`, `failed` or `cancelled`
 * @property {ErrorFacts | null} error why it was not done
 */

/**
 * The request is refused; `code` says why.
 * @typedef {object} ErrorFrame
 * @property {"error"} type
 * @property {string | null} ref the request's; null: it answers none
 * @property {string} code one of those below
 * @property {string} message a sentence for people
 * @property {string} [until] when another try may help, where that is known
 * @property {number} [chat] the chat, with `UNREADABLE`
 */

/**
 * An account may no longer be seen; nothing more is told of it.
 * @typedef {object} GoneFrame
 * @property {"gone"} type
 * @property {number} session the account
 */

/**
 * No slot is free for this socket; the close code that follows says which limit was reached.
 * @typedef {object} RefusedFrame
 * @property {"refused"} type
 * @property {number} limit the limit
 * @property {number} seconds when another try may help
 */

/**
 * The answer to `ping`.
 * @typedef {object} PongFrame
 * @property {"pong"} type
 * @property {string} [ref] the request's, if it had one
 */

/**
 * A piece of a frame that is larger than the bound and cannot be split: in a row, with nothing between them.
 * @typedef {object} PartFrame
 * @property {"part"} type
 * @property {string} text a piece of the frame's JSON text
 * @property {boolean} last the texts put together are the frame now
 */

/**
 * The page greets; it does so first, and once.
 * @typedef {object} HelloRequest
 * @property {"hello"} type
 * @property {string} [ref] repeated in the answer
 * @property {number} version the protocol's version that the page speaks
 */

/**
 * The page lives, and asks whether the server does.
 * @typedef {object} PingRequest
 * @property {"ping"} type
 * @property {string} [ref] repeated in the answer
 */

/**
 * From here on the page follows this account's chat list, or one list over all accounts that the user may see.
 * @typedef {object} ListRequest
 * @property {"list"} type
 * @property {string} [ref] repeated in the answer
 * @property {number | null} [session] the account; left out or null: all of them
 */

/**
 * From here on the page hears of rows that change in these accounts, besides those of its list: it tells its user of messages there.
 * @typedef {object} NotifyRequest
 * @property {"notify"} type
 * @property {string} [ref] repeated in the answer
 * @property {number[]} sessions the accounts, of which those count that the user may see
 */

/**
 * What the user has gone to: their next visit to `/chats/` begins there.
 * @typedef {object} PlaceRequest
 * @property {"place"} type
 * @property {string} [ref] repeated in the answer
 * @property {number | null} [session] the account; left out or null: the list over all of them
 * @property {number | null} [chat] the chat; left out or null: the list alone
 */

/**
 * From here on the page follows this chat, of an account whose list it follows.
 * @typedef {object} OpenRequest
 * @property {"open"} type
 * @property {string} [ref] repeated in the answer
 * @property {number} chat the chat
 * @property {string | null} [epoch] the epoch of the event numbers that the page knows
 * @property {number | null} [after] the last event that the page knows
 */

/**
 * The page follows no chat any more.
 * @typedef {object} CloseRequest
 * @property {"close"} type
 * @property {string} [ref] repeated in the answer
 */

/**
 * Send a message; the same `cid` again, over however many connections and reloads, makes one message.
 * @typedef {object} SendRequest
 * @property {"send"} type
 * @property {string} [ref] repeated in the answer
 * @property {number} chat the chat
 * @property {string} cid the page's own name for the message
 * @property {string} text what is sent, at most 4,096 UTF-16 code units
 * @property {Entity[] | null} [entities] its formatted spans; what may not be sent is left out
 * @property {number | null} [reply_to] the message of the same chat that is answered
 */

/**
 * Send a message again that failed.
 * @typedef {object} RetryRequest
 * @property {"retry"} type
 * @property {string} [ref] repeated in the answer
 * @property {number} message the message
 */

/**
 * Remove a message that never went out.
 * @typedef {object} DiscardRequest
 * @property {"discard"} type
 * @property {string} [ref] repeated in the answer
 * @property {number} message the message
 */

/**
 * Show a manager the code in a message of Telegram's own account, on this page alone; who asked is on record.
 * @typedef {object} RevealRequest
 * @property {"reveal"} type
 * @property {string} [ref] repeated in the answer
 * @property {number} message one that is `masked`
 */

/**
 * Change the text of a message that this account sent, or the caption of its media.
 * @typedef {object} EditRequest
 * @property {"edit"} type
 * @property {string} [ref] repeated in the answer
 * @property {number} message the message
 * @property {string} text its new text; a caption may be empty
 * @property {Entity[] | null} [entities] all its formatted spans; left out: those that it has, where it is the same
 */

/**
 * Delete messages of one chat for everybody.
 * @typedef {object} DeleteRequest
 * @property {"delete"} type
 * @property {string} [ref] repeated in the answer
 * @property {number[]} messages the messages
 */

/**
 * Have older messages fetched from Telegram; they are then read from `…/history/`. Of a chat one request is under way and one waits, whoever asked (the same one again is joined); of a user eight wait or are under way over all chats; beyond that `error` with `HISTORY_WAITS`.
 * @typedef {object} HistoryRequest
 * @property {"history"} type
 * @property {string} [ref] repeated in the answer
 * @property {number} chat the chat
 * @property {number} before those below it; 0: the newest
 */

/**
 * What others wrote is read, up to a message.
 * @typedef {object} ReadRequest
 * @property {"read"} type
 * @property {string} [ref] repeated in the answer
 * @property {number} chat the chat
 * @property {number} max_id the last message that is read
 */

/**
 * Mark a chat as unread by hand, or no longer; its messages stay as read as they are.
 * @typedef {object} MarkRequest
 * @property {"mark"} type
 * @property {string} [ref] repeated in the answer
 * @property {number} chat the chat
 * @property {boolean} unread whether it is marked
 */

/**
 * Somebody types in the page: the other side is shown it.
 * @typedef {object} TypingRequest
 * @property {"typing"} type
 * @property {string} [ref] repeated in the answer
 * @property {number} chat the chat
 */

/**
 * Everything that the server sends.
 * @typedef {WelcomeFrame | SessionsFrame | SessionFrame | ListFrame | ChatsFrame | UnreadFrame | OpenedFrame | EventsFrame | ResetFrame | PageFrame | TypingFrame | OkFrame | DoneFrame | ErrorFrame | GoneFrame | RefusedFrame | PongFrame | PartFrame} FromServer
 */

/**
 * Everything that a page sends.
 * @typedef {HelloRequest | PingRequest | ListRequest | NotifyRequest | PlaceRequest | OpenRequest | CloseRequest | SendRequest | RetryRequest | DiscardRequest | RevealRequest | EditRequest | DeleteRequest | HistoryRequest | ReadRequest | MarkRequest | TypingRequest} FromPage
 */

export {};
