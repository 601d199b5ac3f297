"""Signing in where the account lives, and carrying it elsewhere. https://core.telegram.org/api/datacenter"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from telethon import errors
from telethon.errors import UserMigrateError
from telethon.tl import functions

from sandbox.server import Sandbox
from sandbox.world.accounts import Account
from tests.sandbox.services.signing_in import PHONE, ClientFor, Refused, Stranger, anna, code_of, log_out, request_code

__all__ = ["anna"]


class TestHomeDataCentre:
    """https://core.telegram.org/api/datacenter#user-migration"""

    @pytest.fixture
    async def sandbox(self, rsa_key_path: str, tmp_path: Path) -> AsyncIterator[Sandbox]:
        async with Sandbox(rsa_key_path=rsa_key_path, codes_path=str(tmp_path / "codes.jsonl"), dcs=2) as server:
            yield server

    async def test_a_number_is_sent_to_its_own(self, sandbox: Sandbox, stranger: Stranger) -> None:
        account = sandbox.world.accounts.create(PHONE, "Anna", home_dc=2)
        client = await stranger(dc=1, request_retries=2)
        await client.send_code_request(PHONE)
        assert (await client.sign_in(PHONE, code_of(sandbox))).id == account.user_id
        assert [key.dc_id for key in sandbox.keys_of(account.user_id)] == [2]
        assert client.session.dc_id == 2

    async def test_the_error_names_it(self, sandbox: Sandbox, stranger: Stranger) -> None:
        sandbox.world.accounts.create(PHONE, "Anna", home_dc=2)
        client = await stranger(dc=1)
        sender = client._sender
        with pytest.raises(errors.PhoneMigrateError) as caught:
            await sender.send(request_code())
        assert caught.value.new_dc == 2

    async def test_a_newcomer_stays_where_he_signs_up(self, sandbox: Sandbox, stranger: Stranger) -> None:
        client = await stranger(dc=2)
        code_hash = (await client(request_code())).phone_code_hash
        await client(functions.auth.SignInRequest(PHONE, code_hash, code_of(sandbox)))
        await client(functions.auth.SignUpRequest(PHONE, code_hash, "Nora", ""))
        account = sandbox.world.accounts.by_phone(PHONE)
        assert account is not None
        assert account.home_dc == 2


class TestExport:
    """https://core.telegram.org/method/auth.exportAuthorization
    https://core.telegram.org/method/auth.importAuthorization"""

    @pytest.fixture
    async def sandbox(self, rsa_key_path: str, tmp_path: Path) -> AsyncIterator[Sandbox]:
        async with Sandbox(rsa_key_path=rsa_key_path, codes_path=str(tmp_path / "codes.jsonl"), dcs=3) as server:
            yield server

    async def test_carried_to_another_data_centre(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: Stranger, refused: Refused, anna: Account
    ) -> None:
        client, media = await client_for(PHONE), await stranger(dc=2)
        exported = await client(functions.auth.ExportAuthorizationRequest(2))
        entered = await media(functions.auth.ImportAuthorizationRequest(exported.id, exported.bytes))
        assert entered.user.id == anna.user_id == (await media.get_me()).id
        listed = await media(functions.account.GetAuthorizationsRequest())
        assert [(each.current, each.hash) for each in listed.authorizations] == [(True, 0)]
        session = media.session
        await media.disconnect()
        await client(log_out())
        assert sandbox.keys_of(anna.user_id) == []
        again = await stranger(dc=2, session=session)
        assert await refused(again(functions.account.UpdateStatusRequest(True))) == "AUTH_KEY_UNREGISTERED"

    async def test_wrong_uses(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: Stranger, refused: Refused, anna: Account
    ) -> None:
        client, media, third = await client_for(PHONE), await stranger(dc=2), await stranger(dc=3)
        export, load = functions.auth.ExportAuthorizationRequest, functions.auth.ImportAuthorizationRequest
        for wrong in (0, 1, 4, -2):
            assert await refused(client(export(wrong))) == "DC_ID_INVALID"
        assert await refused(media(load(anna.user_id, b"nonsense"))) == "AUTH_BYTES_INVALID"
        for_two = await client(export(2))
        assert await refused(third(load(for_two.id, for_two.bytes))) == "AUTH_BYTES_INVALID"
        assert await refused(media(load(for_two.id + 1, for_two.bytes))) == "USER_ID_INVALID"
        assert await refused(media(load(for_two.id, for_two.bytes))) == "AUTH_BYTES_INVALID"
        late = await client(export(2))
        sandbox.world.logins.limits.export_seconds = 0
        expired = await client(export(2))
        assert await refused(media(load(expired.id, expired.bytes))) == "AUTH_BYTES_INVALID"
        await client(log_out())
        assert await refused(media(load(late.id, late.bytes))) == "AUTH_BYTES_INVALID"

    async def test_an_account_that_is_moved(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: Stranger, refused: Refused, anna: Account
    ) -> None:
        """https://core.telegram.org/api/datacenter#user-migration"""
        client, media = await client_for(PHONE), await stranger(dc=2)
        update = functions.account.UpdateStatusRequest(True)
        with pytest.raises(ValueError, match="no such data centre"):
            sandbox.faults.move(anna.user_id, 4)
        sandbox.faults.move(anna.user_id, 2)
        # A raw sender: Telethon's own client follows by itself, with a key that is signed in to nothing.
        with pytest.raises(UserMigrateError) as told:
            await client._sender.send(update)
        assert told.value.new_dc == 2
        exported = await client._sender.send(functions.auth.ExportAuthorizationRequest(2))
        await media(functions.auth.ImportAuthorizationRequest(exported.id, exported.bytes))
        assert await media(update)
        # And back: the key that was carried over is told so in its turn.
        sandbox.faults.move(anna.user_id, 1)
        assert await media(update), "its session lives at the first again: a key for files"
        sandbox.faults.move(anna.user_id, 3)
        with pytest.raises(UserMigrateError):
            await media._sender.send(update)
