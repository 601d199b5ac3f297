"""What is done and said about codes that messages and chats meet."""

from __future__ import annotations

from tgadmin.core.errors.codes import TelegramErrorCode as Code
from tgadmin.core.errors.kinds import Action, Rows

ROWS: Rows = {
    Code.MESSAGE_EMPTY: (
        Action.FAIL,
        "The message has no text; it was not sent.",
        "Write something and send it again.",
    ),
    Code.MESSAGE_TOO_LONG: (
        Action.FAIL,
        "The message is longer than Telegram allows (4,096 characters); it was not sent.",
        "Split it and send it again.",
    ),
    Code.MEDIA_CAPTION_TOO_LONG: (
        Action.FAIL,
        "The caption is longer than Telegram allows; it stays as it was.",
        "Shorten it, or send the rest as a message.",
    ),
    Code.ENTITY_BOUNDS_INVALID: (
        Action.FAIL,
        "The message's formatting does not fit its text; it was not sent.",
        "Send it again without formatting.",
    ),
    Code.ENTITIES_TOO_LONG: (
        Action.FAIL,
        "The message has too much formatting; it was not sent.",
        "Send it again with less formatting.",
    ),
    Code.MESSAGE_NOT_MODIFIED: (Action.SUCCESS, "The message has this text already.", "Nothing to do."),
    Code.MESSAGE_ID_INVALID: (
        Action.FAIL,
        "This message no longer exists at Telegram; nothing was changed.",
        "Reload the chat.",
    ),
    Code.MSG_ID_INVALID: (
        Action.FAIL,
        "This message no longer exists at Telegram; nothing was changed.",
        "Reload the chat.",
    ),
    Code.MESSAGE_EDIT_TIME_EXPIRED: (
        Action.FAIL,
        "Telegram no longer lets this message be edited; it stays as it is.",
        "Send a new message instead.",
    ),
    Code.MESSAGE_AUTHOR_REQUIRED: (
        Action.FAIL,
        "Only its author can edit this message; it stays as it is.",
        "Send a new message instead.",
    ),
    Code.MESSAGE_DELETE_FORBIDDEN: (
        Action.FAIL,
        "This account may not delete this message; it stays.",
        "Ask an administrator of the chat.",
    ),
    Code.MSG_WAIT_FAILED: (
        Action.RETRY,
        "A request that this one waited for failed; the message is kept.",
        "Nothing to do: it is tried again.",
    ),
    Code.REPLY_MESSAGE_ID_INVALID: (
        Action.FAIL,
        "The message that was answered no longer exists; the answer was not sent.",
        "Send it again without the reply.",
    ),
    Code.RANDOM_ID_DUPLICATE: (
        Action.CATCH_UP,
        "Telegram has this message already, or is just taking it.",
        "Nothing to do: what Telegram has is fetched.",
    ),
    Code.RANDOM_ID_EMPTY: (
        Action.FAIL,
        "The message had no identity of its own; it was not sent.",
        "Send it again; if it stays, report the code.",
    ),
    Code.PEER_ID_INVALID: (
        Action.FAIL,
        "Telegram does not let this account reach this chat; nothing was sent.",
        "Reload the chat list; the account may never have met this person.",
    ),
    Code.PEER_UNKNOWN: (
        Action.FAIL,
        "This account has not met this chat, so it cannot be reached; nothing was sent.",
        "Wait until the account has seen a message from there, or find the chat in an official Telegram app.",
    ),
    Code.USER_ID_INVALID: (
        Action.FAIL,
        "Telegram does not let this account reach this person; nothing was changed.",
        "Reload the chat list.",
    ),
    Code.CHAT_ID_INVALID: (Action.FAIL, "This group does not exist for this account.", "Reload the chat list."),
    Code.CHANNEL_INVALID: (Action.FAIL, "This channel does not exist for this account.", "Reload the chat list."),
    Code.CHANNEL_PRIVATE: (
        Action.FAIL,
        "The account was removed from this channel or group; what is stored is kept.",
        "Ask an administrator of the channel to add the account again.",
    ),
    Code.CHAT_FORBIDDEN: (
        Action.FAIL,
        "The account was removed from this group; what is stored is kept.",
        "Ask an administrator of the group to add the account again.",
    ),
    Code.REFUSED_RIGHT: (
        Action.FAIL,
        "Not done: whoever asked for this may no longer do it here.",
        "A colleague who may do it can; or ask one of the account's managers for the right.",
    ),
    Code.CHAT_WRITE_FORBIDDEN: (
        Action.FAIL,
        "This account may not write here; the message is kept.",
        "Ask an administrator of the chat for the right to write.",
    ),
    Code.CHAT_SEND_PLAIN_FORBIDDEN: (
        Action.FAIL,
        "Text messages are not allowed in this chat; the message is kept.",
        "Ask an administrator of the chat.",
    ),
    Code.CHAT_GUEST_SEND_FORBIDDEN: (
        Action.FAIL,
        "Only members may write here; the message is kept.",
        "Join the group with this account first.",
    ),
    Code.CHAT_RESTRICTED: (
        Action.FAIL,
        "Telegram restricts this chat; the message is kept.",
        "Try again later.",
    ),
    Code.CHAT_ADMIN_REQUIRED: (
        Action.FAIL,
        "Only administrators of the chat may do that; nothing was changed.",
        "Ask an administrator of the chat.",
    ),
    Code.USER_BANNED_IN_CHANNEL: (
        Action.FAIL,
        "Telegram limits this account: it may not write in public groups for now; the message is kept.",
        "Ask @SpamBot in an official Telegram app with this account.",
    ),
    Code.USER_IS_BLOCKED: (
        Action.FAIL,
        "This person has blocked the account; the message is kept.",
        "Reach the person in another way.",
    ),
    Code.YOU_BLOCKED_USER: (
        Action.FAIL,
        "This account has blocked the person; the message is kept.",
        "Unblock the person in an official Telegram app, then retry.",
    ),
    Code.INPUT_USER_DEACTIVATED: (
        Action.FAIL,
        "This person's account was deleted; the message is kept.",
        "Reach the person in another way.",
    ),
    Code.USER_PRIVACY_RESTRICTED: (
        Action.FAIL,
        "This person's privacy settings do not allow that; nothing was changed.",
        "Ask the person to write first.",
    ),
    Code.PRIVACY_PREMIUM_REQUIRED: (
        Action.FAIL,
        "This person takes messages of strangers only from Premium accounts; the message is kept.",
        "Ask the person to write first.",
    ),
    Code.USER_RESTRICTED: (
        Action.FAIL,
        "Telegram limits this account after complaints: it may not do that for now.",
        "Ask @SpamBot in an official Telegram app with this account.",
    ),
    Code.PEER_FLOOD: (
        Action.FAIL,
        "Telegram limits this account: it may not write to strangers for now; the message is kept.",
        "Ask @SpamBot in an official Telegram app with this account, and do not retry often.",
    ),
    Code.SLOWMODE_WAIT: (
        Action.WAIT,
        "Slow mode is on in this chat; the message is kept and goes out when the time is over.",
        "Nothing to do.",
    ),
    Code.SLOWMODE_MULTI_MSGS_DISABLED: (
        Action.FAIL,
        "Slow mode allows one message at a time here; the message is kept.",
        "Send the messages one by one.",
    ),
    Code.FLOOD_WAIT: (
        Action.WAIT,
        "Telegram asks this account to slow down; what was to be done is kept and goes on when the time is over.",
        "Nothing to do; fewer actions in a short time avoid it.",
    ),
    Code.TOPIC_DELETED: (Action.FAIL, "This topic was deleted; the message is kept.", "Write in another topic."),
    Code.PINNED_DIALOGS_TOO_MUCH: (Action.FAIL, "Telegram allows no more pinned chats.", "Unpin another chat first."),
    Code.INPUT_METHOD_INVALID: (
        Action.FAIL,
        "Telegram does not know this request; nothing was changed.",
        "Update this installation; if it stays, report the code.",
    ),
    Code.ALLOW_PAYMENT_REQUIRED: (
        Action.FAIL,
        "This person takes messages of strangers only for Stars, which are never spent from here; the message is kept.",
        "Ask the person to write first.",
    ),
    Code.BALANCE_TOO_LOW: (
        Action.FAIL,
        "This message would cost Stars, which are never spent from here; the message is kept.",
        "Ask the person to write first.",
    ),
    Code.CHAT_FORWARDS_RESTRICTED: (
        Action.FAIL,
        "The content of this chat is protected; nothing was changed.",
        "Write a text of your own.",
    ),
    Code.ENTITY_MENTION_USER_INVALID: (
        Action.FAIL,
        "The message mentions a person whom this account cannot mention; it was not sent.",
        "Send it again without the mention.",
    ),
    Code.INLINE_BOT_REQUIRED: (
        Action.FAIL,
        "Only the bot that made this message can edit it; it stays as it is.",
        "Send a new message instead.",
    ),
    Code.MEDIA_PREV_INVALID: (
        Action.FAIL,
        "This message's media cannot be replaced; it stays as it is.",
        "Send a new message instead.",
    ),
    Code.PREMIUM_ACCOUNT_REQUIRED: (
        Action.FAIL,
        "Telegram allows that to Premium accounts only; nothing was changed.",
        "Use an account that has Premium.",
    ),
    Code.QUOTE_TEXT_INVALID: (
        Action.FAIL,
        "The quoted text is no longer in the message that was answered; it was not sent.",
        "Send it again without the quote.",
    ),
    Code.REPLY_TO_INVALID: (
        Action.FAIL,
        "The message that was answered no longer exists; the answer was not sent.",
        "Send it again without the reply.",
    ),
    Code.REPLY_TO_USER_INVALID: (
        Action.FAIL,
        "The message that was answered cannot be answered from here; it was not sent.",
        "Send it again without the reply.",
    ),
    Code.SEND_AS_PEER_INVALID: (
        Action.FAIL,
        "This account may not write in that name; the message is kept.",
        "Send it in the account's own name.",
    ),
    Code.TOPIC_CLOSED: (
        Action.FAIL,
        "This topic is closed; the message is kept.",
        "Write in another topic.",
    ),
    Code.USER_IS_BOT: (
        Action.FAIL,
        "Bots may not write to each other; the message is kept.",
        "Write from an account of a person.",
    ),
    Code.USER_NOT_PARTICIPANT: (
        Action.FAIL,
        "The account is not a member there; what is stored is kept.",
        "Ask an administrator to add the account.",
    ),
    Code.FROZEN_PARTICIPANT_MISSING: (
        Action.FAIL,
        "Telegram has frozen this account: it does not reach this chat.",
        "Open the account in an official Telegram app and appeal there.",
    ),
    Code.CHANNEL_PUBLIC_GROUP_NA: (
        Action.FAIL,
        "This channel or group is not available.",
        "Reload the chat list.",
    ),
    Code.OFFSET_PEER_ID_INVALID: (
        Action.RETRY,
        "The chat list changed while it was read.",
        "Nothing to do: it is read again.",
    ),
}
