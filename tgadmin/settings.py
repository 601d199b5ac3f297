"""Django's settings, all from the environment (docs/configuration.md); safe by default."""

from __future__ import annotations

import logging
from datetime import timedelta

from csp.constants import NONE, SELF

from tgadmin import env as environment
from tgadmin.core import pool
from tgadmin.env import BASE_DIR, env, value
from tgadmin.unfold import UNFOLD as UNFOLD  # noqa: PLC0414 - a setting, which nothing here reads

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = environment.secret_key()
SESSION_ENCRYPTION_KEYS = [key.strip() for key in value("SESSION_ENCRYPTION_KEYS").split(",") if key.strip()]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
DATA_DIR = environment.data_dir()
TRUSTED_PROXIES = environment.at_least("TRUSTED_PROXIES", 0, 0)
"""How many proxies of ours stand in front: from so many of its last entries X-Forwarded-For is believed."""
HTTPS = any(origin.startswith("https://") for origin in CSRF_TRUSTED_ORIGINS)
"""Behind TLS, as told by CSRF_TRUSTED_ORIGINS: cookies are then sent over HTTPS only."""

TELEGRAM_API_ID = environment.number("TELEGRAM_API_ID")
TELEGRAM_API_HASH = value("TELEGRAM_API_HASH")
TELEGRAM_DC = value("TELEGRAM_DC")
TELEGRAM_DC_PUBLIC_KEY = value("TELEGRAM_DC_PUBLIC_KEY")
TELEGRAM_LOCAL_ADDRESS = value("TELEGRAM_LOCAL_ADDRESS")
PROXY_PRIVATE_ADDRESSES = env.bool("PROXY_PRIVATE_ADDRESSES", default=False)
"""Whether accounts' proxies may lie on this host and in private networks; so they may where TELEGRAM_DC does."""
TELEGRAM_NETWORK = environment.network()
DEMO_FILE = value("TGADMIN_DEMO_FILE")
"""Written by ``up`` when it runs the sandbox: the demo's phones and the code file. No file, no demo."""

PROCESS = env.str("TGADMIN_PROCESS", default=environment.process())
"""web, gateway, worker or empty (a command): which kind of process this is."""

INSTALLED_APPS = [
    "daphne",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "tgadmin.site.Administration",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "tgadmin.statics.apps.StaticFilesApp",
    "channels",
    "django_q",
    "csp",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_static",
    "tgadmin",
    "apps.common.apps.CommonConfig",
    "apps.staff.apps.StaffConfig",
    "apps.commands.apps.CommandsConfig",
    "apps.sessions.apps.SessionsConfig",
    "apps.signin.apps.SignInConfig",
    "apps.chats.apps.ChatsConfig",
    "apps.demo.apps.DemoConfig",
    "apps.monitoring.apps.MonitoringConfig",
]

MIDDLEWARE = [
    "tgadmin.middleware.RequestOriginMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "tgadmin.middleware.AdminContentSecurity",
    "tgadmin.statics.serving.StaticFiles",
    "tgadmin.compression.Compression",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "tgadmin.middleware.Visitors",
    "apps.staff.middleware.SecondFactor",
    "apps.staff.middleware.Confirmation",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tgadmin.middleware.NoNul",
    "tgadmin.middleware.Busy",
    "apps.common.user_errors.UserErrors",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "tgadmin.urls"
ASGI_APPLICATION = "tgadmin.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": environment.database(PROCESS)}
SOCKET_THREADS = max(6, environment.connections() // 2)
REQUEST_THREADS = environment.connections() + environment.positive("DATABASE_WAITING", 10) + 20
"""Threads of a web process: for its sockets, and for requests: those that have a connection or wait for one, passwords
that are being checked, and some that need neither."""
LIVE_SOCKETS_PER_USER = environment.positive("LIVE_SOCKETS_PER_USER", 3)
LIVE_SOCKETS = environment.positive("LIVE_SOCKETS", 1000)
LIVE_SOCKETS_PER_MINUTE = environment.positive("LIVE_SOCKETS_PER_MINUTE", 100)
"""Open chat pages of a user, of all users over all web processes, and new connections of a user within a minute."""
WEB_BODY_MIB = environment.positive("WEB_BODY_MIB", 8)
WEB_LARGER_BODIES: dict[str, int] = {}
"""A request's body; and where a view takes larger ones: the beginning of its path, with a slash at its end -> bytes."""
WEB_BODY_SECONDS = environment.positive("WEB_BODY_SECONDS", 30)
WEB_BODY_RATE = environment.positive("WEB_BODY_RATE", 4096)
"""A body arrives within these seconds, and as many more as its bytes take at this rate a second."""
WEB_HEADER_SECONDS = environment.positive("WEB_HEADER_SECONDS", 10)
WEB_HEADER_KIB = environment.positive("WEB_HEADER_KIB", 16)
WEB_HEADERS = environment.positive("WEB_HEADERS", 100)
"""A request's line and headers: within how long, how large together, how many."""
WEB_IDLE_SECONDS = environment.positive("WEB_IDLE_SECONDS", 60)
WEB_READ_SECONDS = environment.positive("WEB_READ_SECONDS", 30)
"""A connection without a request, and one that does not read what it asked for, ends after so long."""
BACKGROUND_NICENESS = environment.background_niceness()  # manage.py obeys it
WEB_CONNECTIONS = environment.positive("WEB_CONNECTIONS", 2000)
WEB_CONNECTIONS_PER_ADDRESS = environment.positive("WEB_CONNECTIONS_PER_ADDRESS", 200)
"""Of a web process at once; those of an address are not counted where proxies of ours stand in front."""
WEB_QUEUED_MIB = environment.positive("WEB_QUEUED_MIB", 32)
WEB_STORED_MIB = environment.positive("WEB_STORED_MIB", 512)
"""Of all connections together: answers that slow readers have yet to take (memory), bodies under way (files)."""
WEB_ANONYMOUS_REQUESTS = environment.positive("WEB_ANONYMOUS_REQUESTS", 2)
WEB_UNKNOWN_REQUESTS = environment.positive("WEB_UNKNOWN_REQUESTS", 20)
WEB_WAIT_SECONDS = environment.positive("WEB_WAIT_SECONDS", 10)
"""Requests of people who are not signed in that are worked on at once, and of those who show a login that the process
has yet to see; others wait so long, then get 503."""
WEB_CLOSE_SECONDS = environment.positive("WEB_CLOSE_SECONDS", 10)
"""A request whose client has left may go on for so long, then it is cancelled."""
EVENTS_KEPT_PER_CHAT = environment.positive("EVENTS_KEPT_PER_CHAT", 1000)
EVENTS_KEPT_DAYS = environment.positive("EVENTS_KEPT_DAYS", 7)
"""Events that pages may resume from; a page that missed more gets the newest messages instead."""
COMMANDS_KEPT_DAYS = environment.positive("COMMANDS_KEPT_DAYS", 30)
TIMELINE_KEPT_DAYS = environment.positive("TIMELINE_KEPT_DAYS", 365)
TIMELINE_KEPT_LINES = environment.positive("TIMELINE_KEPT_LINES", 200)
GAPS_KEPT_DAYS = environment.positive("GAPS_KEPT_DAYS", 90)
UNREADABLE_KEPT_DAYS = environment.positive("UNREADABLE_KEPT_DAYS", 30)
UNREADABLE_KEPT_PER_ACCOUNT = environment.positive("UNREADABLE_KEPT_PER_ACCOUNT", 1000)
SIGN_INS_KEPT_DAYS = environment.positive("SIGN_INS_KEPT_DAYS", 90)
FLOOD_WAITS_KEPT_DAYS = environment.positive("FLOOD_WAITS_KEPT_DAYS", 7)
TASKS_KEPT_DAYS = environment.positive("TASKS_KEPT_DAYS", 30)
LOGIN_FAILURES_KEPT_DAYS = environment.positive("LOGIN_FAILURES_KEPT_DAYS", 7)
ADMIN_HISTORY_KEPT_DAYS = environment.positive("ADMIN_HISTORY_KEPT_DAYS", 365)
"""What the hourly clean-up deletes, and when (apps/common/retention.py)."""
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = value("REDIS_URL")
OWN_SERVICES = [value("DATABASE_URL"), REDIS_URL, f"http://{value('HOST') or '127.0.0.1'}:{value('PORT') or 8000}"]
"""Addresses that no account's proxy may have."""
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL] if REDIS_URL else []},
    }
}

Q_CLUSTER = {
    "name": "tgadmin",
    "orm": "default",
    "workers": env.int("Q_WORKERS", default=1),
    "poll": 0.05,
    "timeout": environment.WORKER_SECONDS,
    "retry": 120,
    "max_attempts": 5,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": 1000,
    "label": "Background tasks",
}

PASSWORD_HASHERS = ["apps.staff.hashers.PBKDF2", "apps.staff.hashers.PBKDF2SHA1", "apps.staff.hashers.Scrypt"]
"""Django's, so many at a time as the machine bears, without a database connection meanwhile."""
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
LOGIN_IDLE_HOURS = environment.positive("LOGIN_IDLE_HOURS", 12)
LOGIN_DAYS = environment.positive("LOGIN_DAYS", 7)
"""A login ends after so long without use, and after so long in any case (apps/staff/logins.py)."""
LOGIN_LOCK_MINUTES = environment.positive("LOGIN_LOCK_MINUTES", 15)
SIGN_INS_OPEN = environment.positive("SIGN_INS_OPEN", 5)
SIGN_INS_PER_DAY = environment.positive("SIGN_INS_PER_DAY", 20)
SIGN_INS_PER_DAY_ALL = environment.positive("SIGN_INS_PER_DAY_ALL", 100)
"""Sign-ins of one user that may be open at once, and those that one and all may start in 24 hours."""
COMMANDS_PER_USER = environment.positive("COMMANDS_PER_USER", 500)
COMMANDS_PER_CHAT = environment.positive("COMMANDS_PER_CHAT", 200)
"""What may wait for the gateway at once: of one user, and in one chat (messages, edits, deletions)."""
LOGIN_FAILURES_PER_ADDRESS = environment.positive("LOGIN_FAILURES_PER_ADDRESS", 30)
"""So many wrong sign-ins within LOGIN_LOCK_MINUTES, under any names, lock an address out for so long."""
LOGIN_CONFIRM_MINUTES = environment.positive("LOGIN_CONFIRM_MINUTES", 10)
"""For so long a login need not show again that it is its user's (apps/staff/confirming.py)."""
SECOND_FACTOR_REQUIRED = env.bool("SECOND_FACTOR_REQUIRED", default=False)
"""Of all staff; unset: an administrator's switch decides."""
AXES_FAILURE_LIMIT = environment.positive("LOGIN_FAILURES", 5)
AXES_COOLOFF_TIME = timedelta(minutes=LOGIN_LOCK_MINUTES)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_HANDLER = "apps.staff.lockout.Handler"  # locks out addresses too
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "apps.staff.lockout.axes_address"
AXES_LOCKOUT_CALLABLE = "apps.staff.lockout.page"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "token", "csrfmiddlewaretoken", "next"]
AXES_DISABLE_ACCESS_LOG = True  # the audit tells who signed in
AXES_ENABLE_ADMIN = False  # ours shows no more than is needed (apps/staff/admin.py)
AXES_VERBOSE = False
OTP_STATIC_THROTTLE_FACTOR = 0  # recovery codes are too long to be guessed: nobody shuts another out of them
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "/"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = environment.static_dir()
"""Where they are kept named by their content, and compressed: made from the sources, again whenever those change."""
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "tgadmin.statics.storage.Storage"},
}
WHITENOISE_USE_FINDERS = True  # the sources too, by their plain names, for whoever has those
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_AUTOREFRESH = False  # ours notices a change by itself, and looks for new files with DEBUG

SESSION_ENGINE = "apps.staff.logins"
SESSION_COOKIE_AGE = LOGIN_DAYS * 86400
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = env.bool("REDIRECT_TO_HTTPS", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked from within, by plain HTTP
    SECURE_HSTS_SECONDS = environment.at_least("HSTS_DAYS", 0, 30) * 86400
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", default=True)
    SECURE_HSTS_PRELOAD = env.bool("HSTS_PRELOAD", default=False)
    # Browsers' preload lists cannot be left again for months: that is for the domain's owner to decide (HSTS_PRELOAD).
    SILENCED_SYSTEM_CHECKS = ["security.W021"]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF, "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}


def _without_traceback(record: logging.LogRecord) -> bool:
    record.exc_info = record.exc_text = None
    return True


def _trouble_in_a_word(record: logging.LogRecord) -> bool:
    """What the database cannot do just now is said in a line for each request, not in a traceback for each."""
    found = pool.trouble(record.exc_info[1]) if record.exc_info else None
    if found is not None:
        record.exc_info = record.exc_text = None
        record.msg, record.args = f"{record.getMessage()} ({found.code})", ()
    return True


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "brief": {"()": "django.utils.log.CallbackFilter", "callback": _without_traceback},
        "trouble": {"()": "django.utils.log.CallbackFilter", "callback": _trouble_in_a_word},
    },
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # Telethon's debug lines hold whole requests, message text included.
        "telethon": {"level": "WARNING"},
        "django.request": {"level": "ERROR", "filters": ["trouble"]},
        # Anybody may send a wrong host, as often as they like: one line each.
        "django.security.DisallowedHost": {"filters": ["brief"]},
        "daphne": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
    },
}
