"""Models of the sessions app, split by subject."""

from apps.sessions.models.authorization import Authorization, AuthorizationSecret, FutureAuthToken
from apps.sessions.models.device import Device
from apps.sessions.models.proxy import SessionProxy, SessionProxySecret
from apps.sessions.models.rights import AccessRequest, RoleEverywhere, SessionGrant
from apps.sessions.models.session import Session, SessionEvent, SessionStatus, TimelineKind
from apps.sessions.models.updates import ChannelState, UpdateState

__all__ = [
    "AccessRequest",
    "Authorization",
    "AuthorizationSecret",
    "ChannelState",
    "Device",
    "FutureAuthToken",
    "RoleEverywhere",
    "Session",
    "SessionEvent",
    "SessionGrant",
    "SessionProxy",
    "SessionProxySecret",
    "SessionStatus",
    "TimelineKind",
    "UpdateState",
]
