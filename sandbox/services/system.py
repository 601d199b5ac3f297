"""The methods about the data centre itself: its configuration, its neighbours, its terms. https://core.telegram.org/methods#help"""

from __future__ import annotations

import zlib
from typing import Any

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError

CONFIG_SECONDS = 3600  # how long a client may keep help.getConfig's answer
TERMS_SECONDS = 86400
_APP_CONFIG: dict[str, bool | float | str] = {
    "test": 1.0,
    "dialog_filters_enabled": True,
    "dialog_filters_limit_default": 10.0,
    "dialogs_pinned_limit_default": 5.0,
    "dialogs_folder_pinned_limit_default": 100.0,
    "reactions_uniq_max": 11.0,
    "reactions_user_max_default": 1.0,
    "topics_pinned_limit": 5.0,
    "channels_limit_default": 500.0,
    "channels_public_limit_default": 10.0,
    "about_length_limit_default": 70.0,
    "caption_length_limit_default": 1024.0,
    "chat_read_mark_expire_period": 604800.0,
    "chat_read_mark_size_threshold": 100.0,
    "pm_read_date_expire_period": 604800.0,
    "upload_max_fileparts_default": 4000.0,
    "upload_max_fileparts_premium": 8000.0,
    "quote_length_max": 1024.0,
    "telegram_antispam_group_size_min": 200.0,
}
_COUNTRIES = (
    ("DE", "Germany", "49", "XXX XXXXXXX"),
    ("FR", "France", "33", "X XX XX XX XX"),
    ("GB", "United Kingdom", "44", "XXXX XXXXXX"),
    ("US", "USA", "1", "XXX XXX XXXX"),
    ("FT", "Anonymous Numbers", "888", "XXXX XXXX"),
)


@registry.method(functions.help.GetConfigRequest, anonymous=True)
async def get_config(ctx: Context, request: functions.help.GetConfigRequest) -> types.Config:
    """https://core.telegram.org/method/help.getConfig"""
    now = ctx.world.now()
    return types.Config(
        date=now, expires=now + CONFIG_SECONDS, test_mode=False, this_dc=ctx.dc_id, dc_options=_dc_options(ctx),
        dc_txt_domain_name="apv3.stel.com", chat_size_max=200, megagroup_size_max=200_000, forwarded_count_max=100,
        online_update_period_ms=210_000, offline_blur_timeout_ms=5_000, offline_idle_timeout_ms=30_000,
        online_cloud_timeout_ms=300_000, notify_cloud_delay_ms=30_000, notify_default_delay_ms=1_500,
        push_chat_period_ms=60_000, push_chat_limit=2, edit_time_limit=172_800, revoke_time_limit=2_147_483_647,
        revoke_pm_time_limit=2_147_483_647, rating_e_decay=2_419_200, stickers_recent_limit=200,
        channels_read_media_period=604_800, call_receive_timeout_ms=20_000, call_ring_timeout_ms=90_000,
        call_connect_timeout_ms=30_000, call_packet_timeout_ms=10_000, me_url_prefix="https://t.me/",
        caption_length_max=1024, message_length_max=4096, webfile_dc_id=1, revoke_pm_inbox=True,
        default_p2p_contacts=True,
    )  # fmt: skip


@registry.method(functions.help.GetNearestDcRequest, anonymous=True)
async def get_nearest_dc(ctx: Context, request: functions.help.GetNearestDcRequest) -> types.NearestDc:
    """https://core.telegram.org/method/help.getNearestDc"""
    return types.NearestDc(country="DE", this_dc=ctx.dc_id, nearest_dc=1)


@registry.method(functions.help.GetAppConfigRequest, anonymous=True)
async def get_app_config(ctx: Context, request: functions.help.GetAppConfigRequest) -> types.help.TypeAppConfig:
    """https://core.telegram.org/method/help.getAppConfig"""
    config = types.JsonObject([types.JsonObjectValue(key, _json(value)) for key, value in _APP_CONFIG.items()])
    fresh = zlib.crc32(bytes(config)) & 0x7FFFFFFF
    if request.hash == fresh:
        return types.help.AppConfigNotModified()
    return types.help.AppConfig(fresh, config)


@registry.method(functions.help.GetCdnConfigRequest, anonymous=True)
async def get_cdn_config(ctx: Context, request: functions.help.GetCdnConfigRequest) -> types.CdnConfig:
    """https://core.telegram.org/method/help.getCdnConfig: there are no CDN centres here."""
    return types.CdnConfig([])


@registry.method(functions.help.GetTermsOfServiceUpdateRequest)
async def get_terms_update(
    ctx: Context, request: functions.help.GetTermsOfServiceUpdateRequest
) -> types.help.TermsOfServiceUpdateEmpty:
    """https://core.telegram.org/method/help.getTermsOfServiceUpdate: the terms never change."""
    return types.help.TermsOfServiceUpdateEmpty(ctx.world.now() + TERMS_SECONDS)


@registry.method(functions.help.AcceptTermsOfServiceRequest)
async def accept_terms(ctx: Context, request: functions.help.AcceptTermsOfServiceRequest) -> bool:
    """https://core.telegram.org/method/help.acceptTermsOfService"""
    return True


@registry.method(functions.help.GetAppUpdateRequest, anonymous=True)
async def get_app_update(ctx: Context, request: functions.help.GetAppUpdateRequest) -> types.help.NoAppUpdate:
    """https://core.telegram.org/method/help.getAppUpdate"""
    return types.help.NoAppUpdate()


@registry.method(functions.help.GetInviteTextRequest)
async def get_invite_text(ctx: Context, request: functions.help.GetInviteTextRequest) -> types.help.InviteText:
    """https://core.telegram.org/method/help.getInviteText"""
    return types.help.InviteText("Let's switch to Telegram: https://telegram.org/dl")


@registry.method(functions.help.GetPromoDataRequest)
async def get_promo_data(ctx: Context, request: functions.help.GetPromoDataRequest) -> types.help.PromoDataEmpty:
    """https://core.telegram.org/method/help.getPromoData"""
    return types.help.PromoDataEmpty(ctx.world.now() + CONFIG_SECONDS)


@registry.method(functions.help.GetDeepLinkInfoRequest, anonymous=True)
async def get_deep_link_info(
    ctx: Context, request: functions.help.GetDeepLinkInfoRequest
) -> types.help.DeepLinkInfoEmpty:
    """https://core.telegram.org/method/help.getDeepLinkInfo"""
    return types.help.DeepLinkInfoEmpty()


@registry.method(functions.help.GetCountriesListRequest, anonymous=True)
async def get_countries(ctx: Context, request: functions.help.GetCountriesListRequest) -> types.help.TypeCountriesList:
    """https://core.telegram.org/method/help.getCountriesList"""
    countries = [
        types.help.Country(iso, name, [types.help.CountryCode(code, patterns=[pattern])])
        for iso, name, code, pattern in _COUNTRIES
    ]
    fresh = zlib.crc32(b"".join(bytes(country) for country in countries)) & 0x7FFFFFFF
    if request.hash == fresh:
        return types.help.CountriesListNotModified()
    return types.help.CountriesList(countries, fresh)


@registry.method(functions.help.GetSupportNameRequest)
async def get_support_name(ctx: Context, request: functions.help.GetSupportNameRequest) -> Any:
    """https://core.telegram.org/method/help.getSupportName: for Telegram's support staff only."""
    raise RpcError(403, "USER_INVALID")


@registry.method(functions.help.SaveAppLogRequest, anonymous=True)
async def save_app_log(ctx: Context, request: functions.help.SaveAppLogRequest) -> bool:
    """https://core.telegram.org/method/help.saveAppLog: what the app did is nobody's business here; nothing is kept."""
    return True


def _dc_options(ctx: Context) -> list[types.DcOption]:
    server = ctx.server
    ipv6 = ":" in server.host
    return [
        types.DcOption(number, server.host, server.port + number - 1, ipv6=ipv6, static=True)
        for number in range(1, server.dcs + 1)
    ]


def _json(value: bool | float | str) -> types.TypeJSONValue:
    if isinstance(value, bool):
        return types.JsonBool(value)
    return types.JsonString(value) if isinstance(value, str) else types.JsonNumber(value)
