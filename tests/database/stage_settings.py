"""The product's settings, with views and a middleware that misbehave, and with passwords that take as long as a test
wants."""

from tgadmin.settings import *  # noqa: F403
from tgadmin.settings import MIDDLEWARE

ROOT_URLCONF = "tests.database.stage_urls"
MIDDLEWARE = ["tests.database.stage_urls.Raising", *MIDDLEWARE, "tests.database.stage_urls.Raising"]
PASSWORD_HASHERS = ["tests.database.stage_urls.Held"]
