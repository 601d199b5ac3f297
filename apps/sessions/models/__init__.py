"""Models of the sessions app, split by subject."""

from apps.sessions.models.authorization import Authorization, AuthorizationSecret
from apps.sessions.models.command import Command, CommandSecret
from apps.sessions.models.device import Device
from apps.sessions.models.lease import Lease, Node
from apps.sessions.models.proxy import SessionProxy, SessionProxySecret
from apps.sessions.models.rights import AccessRequest, Role, SessionGrant
from apps.sessions.models.session import Session, SessionEvent, SessionStatus, TimelineKind
from apps.sessions.models.signin import SignInAttempt, SignInMethod, SignInSecret, SignInStep
from apps.sessions.models.updates import ChannelState, FloodWait, UpdateState

__all__ = [
    "AccessRequest",
    "Authorization",
    "AuthorizationSecret",
    "ChannelState",
    "Command",
    "CommandSecret",
    "Device",
    "FloodWait",
    "Lease",
    "Node",
    "Role",
    "Session",
    "SessionEvent",
    "SessionGrant",
    "SessionProxy",
    "SessionProxySecret",
    "SessionStatus",
    "SignInAttempt",
    "SignInMethod",
    "SignInSecret",
    "SignInStep",
    "TimelineKind",
    "UpdateState",
]
