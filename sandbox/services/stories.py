"""stories.* and what else official apps ask for by themselves: there are no stories, Stars or gifts here."""

from __future__ import annotations

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.services.answers import peer_of
from sandbox.world.peers import peer as tl_peer


@registry.method(functions.stories.GetPeerStoriesRequest)
async def get_peer_stories(ctx: Context, request: functions.stories.GetPeerStoriesRequest) -> types.stories.PeerStories:
    """https://core.telegram.org/method/stories.getPeerStories"""
    peer = peer_of(ctx, request.peer)
    users, chats = ctx.world.peers.entities(ctx.account.user_id, [peer])
    return types.stories.PeerStories(types.PeerStories(tl_peer(peer), []), chats, users)


@registry.method(functions.stories.GetAllStoriesRequest)
async def get_all_stories(ctx: Context, request: functions.stories.GetAllStoriesRequest) -> types.stories.AllStories:
    """https://core.telegram.org/method/stories.getAllStories"""
    return types.stories.AllStories(0, "", [], [], [], types.StoriesStealthMode())


@registry.method(functions.stories.GetPinnedStoriesRequest)
async def get_pinned_stories(ctx: Context, request: functions.stories.GetPinnedStoriesRequest) -> types.stories.Stories:
    """https://core.telegram.org/method/stories.getPinnedStories"""
    peer_of(ctx, request.peer)
    return types.stories.Stories(0, [], [], [])


@registry.method(functions.payments.GetStarsStatusRequest)
async def get_stars_status(
    ctx: Context, request: functions.payments.GetStarsStatusRequest
) -> types.payments.StarsStatus:
    """https://core.telegram.org/method/payments.getStarsStatus"""
    peer_of(ctx, request.peer)
    return types.payments.StarsStatus(types.StarsAmount(0, 0), [], [])
