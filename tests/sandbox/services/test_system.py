"""help.*: the data centre's configuration and its kin, with a stock client. https://core.telegram.org/methods#help"""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from telethon import TelegramClient
from telethon.tl import functions, types

from sandbox.server import Sandbox
from tests.sandbox.raw import RawClient

Stranger = Callable[..., Awaitable[TelegramClient]]
Refused = Callable[[Awaitable[Any]], Awaitable[str]]
PHONE = "491511234567"
ANONYMOUS = [
    functions.help.GetConfigRequest(), functions.help.GetNearestDcRequest(), functions.help.GetAppConfigRequest(0),
    functions.help.GetCdnConfigRequest(), functions.help.GetAppUpdateRequest(""),
    functions.help.GetDeepLinkInfoRequest("x"), functions.help.GetCountriesListRequest("en", 0),
    functions.help.SaveAppLogRequest([]),
]  # fmt: skip
FOR_ACCOUNTS = [
    functions.help.GetTermsOfServiceUpdateRequest(), functions.help.GetInviteTextRequest(),
    functions.help.GetPromoDataRequest(), functions.help.GetSupportNameRequest(),
    functions.help.AcceptTermsOfServiceRequest(types.DataJSON("{}")),
]  # fmt: skip


@pytest.fixture
async def client(sandbox: Sandbox, client_for: Stranger) -> TelegramClient:
    sandbox.world.accounts.create(PHONE, "Anna")
    return await client_for(PHONE)


async def test_config(sandbox: Sandbox, stranger: Stranger) -> None:
    """https://core.telegram.org/method/help.getConfig"""
    config = await (await stranger())(functions.help.GetConfigRequest())
    assert config.this_dc == 1
    (option,) = config.dc_options
    assert (option.id, option.ip_address, option.port) == (1, "127.0.0.1", sandbox.port)
    assert abs(config.date.timestamp() - time.time()) < 60
    assert config.expires > config.date
    assert config.message_length_max == 4096


async def test_nearest_dc(stranger: Stranger) -> None:
    """https://core.telegram.org/method/help.getNearestDc"""
    assert await (await stranger())(functions.help.GetNearestDcRequest()) == types.NearestDc("DE", 1, 1)


async def test_app_config(stranger: Stranger) -> None:
    """https://core.telegram.org/method/help.getAppConfig: the hash spares the second transfer."""
    client = await stranger()
    config = await client(functions.help.GetAppConfigRequest(0))
    assert "dialog_filters_enabled" in {value.key for value in config.config.value}
    again = await client(functions.help.GetAppConfigRequest(config.hash))
    assert isinstance(again, types.help.AppConfigNotModified)


async def test_countries(stranger: Stranger) -> None:
    """https://core.telegram.org/method/help.getCountriesList"""
    client = await stranger()
    countries = await client(functions.help.GetCountriesListRequest("en", 0))
    assert "49" in {code.country_code for country in countries.countries for code in country.country_codes}
    again = await client(functions.help.GetCountriesListRequest("en", countries.hash))
    assert isinstance(again, types.help.CountriesListNotModified)


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (functions.help.GetCdnConfigRequest(), types.CdnConfig),
        (functions.help.GetAppUpdateRequest(""), types.help.NoAppUpdate),
        (functions.help.GetDeepLinkInfoRequest("x"), types.help.DeepLinkInfoEmpty),
        (functions.help.SaveAppLogRequest([]), bool),
        (functions.help.GetTermsOfServiceUpdateRequest(), types.help.TermsOfServiceUpdateEmpty),
        (functions.help.AcceptTermsOfServiceRequest(types.DataJSON("{}")), bool),
        (functions.help.GetInviteTextRequest(), types.help.InviteText),
        (functions.help.GetPromoDataRequest(), types.help.PromoDataEmpty),
    ],
)
async def test_the_small_ones(client: TelegramClient, request_: Any, kind: type) -> None:
    """https://core.telegram.org/method/help.getCdnConfig and so on, each under its own name."""
    assert isinstance(await client(request_), kind)


async def test_support_name(client: TelegramClient, refused: Refused) -> None:
    """https://core.telegram.org/method/help.getSupportName: 403 USER_INVALID for all but support staff."""
    assert await refused(client(functions.help.GetSupportNameRequest())) == "USER_INVALID"


@pytest.mark.parametrize("request_", FOR_ACCOUNTS, ids=lambda request: type(request).__name__)
async def test_without_an_account(stranger: Stranger, refused: Refused, request_: Any) -> None:
    assert await refused((await stranger())(request_)) == "AUTH_KEY_UNREGISTERED"


@pytest.mark.parametrize("request_", ANONYMOUS, ids=lambda request: type(request).__name__)
async def test_before_init_connection(sandbox: Sandbox, request_: Any) -> None:
    client = await RawClient.open(sandbox)
    await client.send(functions.PingRequest(1))
    client.salt = (await client.expect(types.BadServerSalt)).obj.new_server_salt
    answer = await client.call(request_)
    assert (answer.error_code, answer.error_message) == (400, "CONNECTION_NOT_INITED")


@pytest.mark.parametrize("request_", [*ANONYMOUS, *FOR_ACCOUNTS], ids=lambda request: type(request).__name__)
async def test_in_a_layer_of_the_future(sandbox: Sandbox, stranger: Stranger, refused: Refused, request_: Any) -> None:
    client = await stranger()
    assert await refused(client(functions.InvokeWithLayerRequest(100_000, request_))) == "CONNECTION_LAYER_INVALID"
