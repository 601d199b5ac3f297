"""``python -m tgadmin.web``."""

import sys

from tgadmin.web.main import main

sys.exit(main())
