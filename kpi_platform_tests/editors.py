"""The editors of settings in tests."""

from kpi_platform.domain.settings import Editor

OPERATOR = Editor("ann", operator=True)
WRITER = Editor("will", operator=False, scope="write")
ADMIN = Editor("ada", operator=False, scope="admin")
