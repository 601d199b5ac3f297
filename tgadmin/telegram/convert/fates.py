"""What becomes of each kind of update that Telegram may send: none is dropped without a reason that is written here.

``updates.py`` converts those that are stored, shown or set aside; ``client/updates.py`` and ``_telethon`` act on those
that are used. A test holds this against Telethon's schema and against the code; docs/updates.md is written from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of an update."""

    STORED = "stored"
    SHOWN = "shown to whoever looks, not stored"
    USED = "acted on, not shown"
    ASIDE = "set aside with its bytes"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Handling:
    """``about``: what it leads to or, of one that is ignored, why."""

    fate: Fate
    about: str


_GROUPS: tuple[tuple[Fate, str, str], ...] = (
    (
        Fate.STORED,
        "a message, its change, its number or its end",
        "NewMessage NewChannelMessage EditMessage EditChannelMessage DeleteMessages DeleteChannelMessages MessageID",
    ),
    (
        Fate.STORED,
        "how far a chat has been read; of a topic it is not the chat's",
        "ReadHistoryInbox ReadHistoryOutbox ReadChannelInbox ReadChannelOutbox",
    ),
    (
        Fate.STORED,
        "a chat's place in the list: muted, pinned, archived, marked as unread; defaults for all chats of a kind are "
        "ignored",
        "NotifySettings DialogPinned PinnedDialogs FolderPeers DialogUnreadMark",
    ),
    (
        Fate.STORED,
        "what members of a group may do, whether our account rules it, and after how long new messages go",
        "ChatDefaultBannedRights ChatParticipantAdmin PeerHistoryTTL",
    ),
    (
        Fate.STORED,
        "what Telegram tells the account's owner: kept as a message of Telegram's own account, for managers",
        "ServiceNotification",
    ),
    (
        Fate.STORED,
        "a person's new name or number; of the account's own they are shown with the account",
        "UserName UserPhone",
    ),
    (
        Fate.STORED,
        "messages that Telegram gives us no longer: they go here too",
        "ChannelAvailableMessages",
    ),
    (
        Fate.STORED,
        "whether our account is still in a group; other members are ignored",
        "ChatParticipantAdd ChatParticipantDelete ChatParticipants",
    ),
    (Fate.STORED, "when a person was last online", "UserStatus"),
    (
        Fate.STORED,
        "the chat's row as it came with the update: title, rights, whether we are in it",
        "Chat Channel",
    ),
    (Fate.SHOWN, "who is writing, recording or choosing something", "UserTyping ChatUserTyping ChannelUserTyping"),
    (Fate.USED, "the channel's difference is asked for", "ChannelTooLong"),
    (Fate.USED, "the account's devices are asked for, and a new one is reported to its managers", "NewAuthorization"),
    (Fate.USED, "a sign-in by QR code asks how its token stands", "LoginToken"),
    (
        Fate.ASIDE,
        "secret chats are not supported: only official apps hold their keys",
        "NewEncryptedMessage",
    ),
    (
        Fate.IGNORED,
        "the handshake and the reading marks of secret chats, which are not supported",
        "Encryption EncryptedChatTyping EncryptedMessagesRead",
    ),
    (
        Fate.IGNORED,
        "for bots and the businesses that use them; our accounts are people's",
        "BotBusinessConnect BotCallbackQuery BotChatBoost BotChatInviteRequester BotCommands BotDeleteBusinessMessage "
        "BotEditBusinessMessage BotGuestChatQuery BotInlineQuery BotInlineSend BotMenuButton BotMessageReaction "
        "BotMessageReactions BotNewBusinessMessage BotPrecheckoutQuery BotPurchasedPaidMedia BotShippingQuery "
        "BotStarsSubscription BotStopped BotWebhookJSON BotWebhookJSONQuery BusinessBotCallbackQuery "
        "EphemeralBotCallbackQuery InlineBotCallbackQuery ManagedBot NewBotConnection AttachMenuBots ChatParticipant "
        "ChannelParticipant JoinChatWebViewDecision WebViewResultSent",
    ),
    (
        Fate.IGNORED,
        "calls and group calls cannot be taken here",
        "PhoneCall PhoneCallSignalingData GroupCall GroupCallChainBlocks GroupCallConnection GroupCallEncryptedMessage "
        "GroupCallMessage GroupCallParticipants DeleteGroupCallMessages",
    ),
    (
        Fate.IGNORED,
        "how the account's own apps look and what they offer: stickers, emoji, sounds, themes, languages, folders",
        "AiComposeTones AutoSaveSettings DialogFilter DialogFilterOrder DialogFilters EmojiGameInfo FavedStickers "
        "LangPack LangPackTooLong MoveStickerSetToTop NewStickerSet PeerWallpaper ReadFeaturedEmojiStickers "
        "ReadFeaturedStickers RecentEmojiStatuses RecentReactions RecentStickers SavedGifs SavedReactionTags "
        "SavedRingtones StickerSets StickerSetsOrder Theme WebBrowserException WebBrowserSettings "
        "ChannelViewForumAsMessages",
    ),
    (
        Fate.IGNORED,
        "stories are not shown here",
        "ReadStories SentStoryReaction NewStoryReaction StoriesStealthMode Story StoryID",
    ),
    (
        Fate.IGNORED,
        "Stars, gifts and paid messages: nothing is spent or earned from here",
        "MonoForumNoPaidException PaidReactionPrivacy StarGiftAuctionState StarGiftAuctionUserState StarGiftCraftFail "
        "StarsBalance StarsRevenueStatus",
    ),
    (
        Fate.IGNORED,
        "drafts, scheduled messages and quick replies of the account's other apps; messages that pass away by "
        "themselves",
        "DraftMessage NewScheduledMessage DeleteScheduledMessages NewQuickReply DeleteQuickReply "
        "DeleteQuickReplyMessages QuickReplies QuickReplyMessage NewEphemeralMessage EditEphemeralMessage "
        "DeleteEphemeralMessages",
    ),
    (
        Fate.IGNORED,
        "the account's own settings at Telegram; they are changed in an official app",
        "Privacy PeerBlocked PeerSettings UserEmojiStatus ContactsReset SmsJob SentPhoneCode PeerLocated",
    ),
    (
        Fate.IGNORED,
        "threads, topics and saved chats are shown as one chat: their own marks and pins have no place",
        "ReadChannelDiscussionInbox ReadChannelDiscussionOutbox ReadMonoForumInbox ReadMonoForumOutbox "
        "PinnedForumTopic PinnedForumTopics PinnedSavedDialogs SavedDialogPinned",
    ),
    (
        Fate.IGNORED,
        "counted and shown on a message by official apps: views, forwards, reactions, heard or seen, link previews",
        "ChannelMessageForwards ChannelMessageViews ChannelReadMessagesContents ReadMessagesContents MessageReactions "
        "ChannelWebPage WebPage TranscribedAudio GeoLiveViewed",
    ),
    (
        Fate.IGNORED,
        "not yet: polls, paid media, pinned messages and join requests are shown by later versions",
        "MessagePoll MessagePollVote MessageExtendedMedia PinnedMessages PinnedChannelMessages PendingJoinRequests",
    ),
    (
        Fate.IGNORED,
        "not yet: the rest of a profile is learned from the next message, dialog or profile that has it",
        "User",
    ),
    (
        Fate.IGNORED,
        "titles of a group's members, which are not shown here",
        "ChatParticipantRank",
    ),
    (
        Fate.IGNORED,
        "the addresses of data centres and the app's configuration are asked for at each start",
        "Config DcOptions",
    ),
    (
        Fate.IGNORED,
        "the account's state was counted again: the next update shows the gap, and the difference is asked for",
        "PtsChanged",
    ),
)

HANDLING: dict[str, Handling] = {
    f"Update{name}": Handling(fate, about) for fate, about, names in _GROUPS for name in names.split()
}
"""By the name of the type in Telethon's schema."""
