"""Marked peer ids and message boxes."""

import pytest

from tgadmin.core.types import ACCOUNT_BOX, box_of, is_channel

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("peer_id", [5, 777000, -5, -999_999_999_999])
def test_private_chats_and_basic_groups_share_the_accounts_box(peer_id: int) -> None:
    assert not is_channel(peer_id)
    assert box_of(peer_id) == ACCOUNT_BOX


@pytest.mark.parametrize("peer_id", [-1_000_000_000_005, -1_002_218_804_417])
def test_each_channel_has_its_own_box(peer_id: int) -> None:
    assert is_channel(peer_id)
    assert box_of(peer_id) == peer_id
