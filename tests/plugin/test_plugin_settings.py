"""What the plugin's server is set to by environment and file: as the command, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.pytest_plugin.server_settings import WrongOptions, config_with, found
from tests.plugin.conftest import run_plain


def test_where_nobody_has_set_anything_nothing_is_found(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert found({"HOME": "/", "IMAGES_MOCK_URL": "http://127.0.0.1:1"}, tmp_path) == {}
    assert found({"IMAGES_MOCK_COMMAND": "/opt/images-mock"}, tmp_path) == {}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("images-mock.toml", 'prices = "billing"\nport = 6780\nhost = "0.0.0.0"'),
        ("pyproject.toml", '[tool.images-mock]\nprices = "billing"\nport = 6780'),
        ("named.toml", 'prices = "billing"\nready-file = "ready"'),
        ("", ""),
    ],
)
def test_files_and_environment_are_obeyed_but_for_where_to_listen(
    tmp_path: Path, file: str, text: str
) -> None:
    environment = {"IMAGES_MOCK_TIER": "3", "IMAGES_MOCK_PORT": "6780"}
    if file:
        (tmp_path / file).write_text(text)
        environment |= {"IMAGES_MOCK_CONFIG": str(tmp_path / file)} if file == "named.toml" else {}
    else:
        environment["IMAGES_MOCK_PRICES"] = "billing"
    config = config_with({"seed": "7"}, found(environment, tmp_path))
    assert (config.prices, config.tier, config.seed, config.port) == ("billing", "3", "7", 0)
    assert (config.host, config.ready_file, config.log_format) == ("127.0.0.1", None, "none")


def test_options_go_before_the_environment(tmp_path: Path) -> None:
    values = found({"IMAGES_MOCK_TIER": "3", "IMAGES_MOCK_AS_OF": "2023-12-01"}, tmp_path)
    config = config_with({"tier": "4"}, values)
    assert (config.tier, config.sizes) == ("4", "api")


@pytest.mark.parametrize(
    ("environment", "text", "told"),
    [
        ({"IMAGES_MOCK_PRICE": "billing"}, "", "Did you mean IMAGES_MOCK_PRICES?"),
        ({"IMAGES_MOCK_PRICES": "cheap"}, "", "prices .* must be one of"),
        ({}, "prises = 'billing'", "key prises in images-mock.toml. Did you mean prices?"),
        ({}, "prices = ", "is not valid TOML"),
        ({"IMAGES_MOCK_CONFIG": "gone.toml"}, "", "gone.toml can't be read"),
    ],
)
def test_a_slip_is_refused(
    tmp_path: Path, environment: dict[str, str], text: str, told: str
) -> None:
    if text:
        (tmp_path / "images-mock.toml").write_text(text)
    with pytest.raises(WrongOptions, match=told):
        found(environment, tmp_path)


def test_a_file_of_keys_would_shut_out_the_tests_own(tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_text('[[key]]\nkey = "sk-mock-a"\n')
    with pytest.raises(WrongOptions, match="images_mock_options"):
        config_with({"keys": str(tmp_path / "keys.toml")}, {})


@pytest.mark.slow
def test_the_plugin_obeys_them_and_stops_at_a_slip(
    downstream: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    downstream.path.joinpath("images-mock.toml").write_text('prices = "billing"\n')
    code = """
    def test_it(images_mock):
        poster(size="1024x1024")
        assert images_mock.spent == 0.02
    """
    run_plain(downstream, code).assert_outcomes(passed=1)
    monkeypatch.setenv("IMAGES_MOCK_TEIR", "1")
    result = run_plain(downstream, code)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: images_mock: *IMAGES_MOCK_TEIR. Did you mean *_TIER?"])


@pytest.mark.slow
def test_options_of_one_test_alone_are_refused_with_the_cure(downstream: pytest.Pytester) -> None:
    code = """
    @pytest.fixture
    def images_mock_options(): return {"tier": "2"}

    def test_it(images_mock): pass
    """
    result = run_plain(downstream, code)
    result.assert_outcomes(errors=1)
    cure = "*images_mock_options of test_app.py has the scope of a function. *@pytest.mark.images_*"
    result.stdout.fnmatch_lines([cure])


def test_options_as_the_how_to_has_them(downstream: pytest.Pytester) -> None:
    downstream.makeconftest(
        """
        import pytest
        @pytest.fixture(scope="session")
        def images_mock_options():
            return {"tier": "2", "prices": "billing", "rules": [{"then": {"delay": 0.1}}]}
        """
    )
    code = """
    def test_it(images_mock):
        poster(size="1024x1024")
        assert images_mock.spent == 0.02
    """
    run_plain(downstream, code).assert_outcomes(passed=1)
