"""The pytest plugin: an address and a guard a session, a new sandbox a test. Light to load.

pytest finds the hooks and the fixtures here, by their names.
"""

from mockserver.pytest_plugin.ambient import SessionServer
from mockserver.pytest_plugin.fixtures import (
    _images_http,
    _images_mock_settled,
    async_images_client,
    images_client,
    images_mock,
    images_mock_options,
    images_mock_server,
)
from mockserver.pytest_plugin.hooks import (
    pytest_addoption,
    pytest_configure,
    pytest_generate_tests,
    pytest_load_initial_conftests,
    pytest_report_header,
    pytest_runtest_call,
    pytest_runtest_makereport,
    pytest_runtest_protocol,
    pytest_runtest_setup,
    pytest_runtest_teardown,
    pytest_runtestloop,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)

__all__ = ["SessionServer"]
