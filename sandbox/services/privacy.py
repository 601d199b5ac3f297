"""account.*: privacy rules. https://core.telegram.org/api/privacy"""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError


@registry.method(functions.account.GetPrivacyRequest)
async def get_privacy(ctx: Context, request: functions.account.GetPrivacyRequest) -> types.account.PrivacyRules:
    """https://core.telegram.org/method/account.getPrivacy"""
    return _answer(ctx, _key(request.key))


@registry.method(functions.account.SetPrivacyRequest)
async def set_privacy(ctx: Context, request: functions.account.SetPrivacyRequest) -> types.account.PrivacyRules:
    """https://core.telegram.org/method/account.setPrivacy"""
    key = _key(request.key)
    ctx.world.privacy.set(ctx.account, key, [_rule(ctx, each) for each in request.rules])
    ctx.world.news.aside(ctx.account.user_id, "priv", [key], ctx.push)
    return _answer(ctx, key)


@registry.method(functions.account.GetGlobalPrivacySettingsRequest)
async def get_global_privacy_settings(
    ctx: Context, _: functions.account.GetGlobalPrivacySettingsRequest
) -> types.GlobalPrivacySettings:
    """https://core.telegram.org/method/account.getGlobalPrivacySettings: nobody has changed any."""
    return types.GlobalPrivacySettings()


def _key(given: Any) -> str:
    return type(given).__name__.removeprefix("InputPrivacyKey")


def _rule(ctx: Context, given: Any) -> Any:
    """The rule as it is kept: with bare ids in place of inputs."""
    kind = getattr(types, type(given).__name__.removeprefix("Input"))
    if hasattr(given, "users"):
        return kind([ctx.world.peers.resolve_user(ctx.account, each).user_id for each in given.users])
    if hasattr(given, "chats"):
        for bare_id in given.chats:
            _check_chat(ctx, bare_id)
        return kind(list(given.chats))
    return kind()


def _check_chat(ctx: Context, bare_id: int) -> None:
    if all(chat.bare_id != bare_id for chat in ctx.world.chats.of_user(ctx.account.user_id)):
        raise RpcError(400, "CHAT_ID_INVALID")


def _answer(ctx: Context, key: str) -> types.account.PrivacyRules:
    rules = ctx.world.privacy.rules(ctx.account, key)
    named = [marked for rule in rules for marked in ctx.world.privacy.named(rule)]
    users, chats = ctx.world.peers.entities(ctx.account.user_id, named)
    return types.account.PrivacyRules(rules, chats, users)
