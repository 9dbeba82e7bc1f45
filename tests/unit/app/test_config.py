"""Where settings come from, and what is said when one is wrong."""

from pathlib import Path

import msgspec
import pytest

from gatebook.app.config import Config, Loaded, describe, load_config, tables
from gatebook.core.errors import Misconfigured

EVERY = [(name, field) for name, kind in tables().items() for field in msgspec.structs.fields(kind)]
each_setting = pytest.mark.parametrize(
    ("table", "field"), EVERY, ids=[f"{name}.{field.name}" for name, field in EVERY]
)


def load(tmp_path: Path, toml: str, **environment: str) -> Loaded:
    file = tmp_path / "gatebook.toml"
    file.write_text(toml)
    return load_config(file, environment=environment)


def refused(tmp_path: Path, toml: str, **environment: str) -> str:
    with pytest.raises(Misconfigured) as caught:
        load(tmp_path, toml, **environment)
    return str(caught.value)


def origin_of(loaded: Loaded, name: str) -> str:
    (setting,) = [setting for setting in loaded.settings if setting.name == name]
    return setting.origin


def test_without_a_file_and_variables_everything_is_as_the_packages_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = load_config(environment={})
    assert loaded.config == Config()
    assert {setting.origin for setting in loaded.settings} == {"default"}
    assert loaded.arguments == []


def test_the_file_in_the_working_directory_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("gatebook.toml").write_text("[ledger]\nqueue_limit = 7\n")
    assert load_config(environment={}).config.ledger.queue_limit == 7


def test_a_variable_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text("[ledger]\nqueue_limit = 7\n")
    loaded = load_config(environment={"GATEBOOK_CONFIG": str(file)})
    assert loaded.config.ledger.queue_limit == 7


def test_a_variable_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    toml = "[ledger]\nqueue_limit = 7\nbatch_limit = 8\n"
    loaded = load(tmp_path, toml, GATEBOOK_LEDGER_QUEUE_LIMIT="9")
    ledger = loaded.config.ledger
    assert (ledger.queue_limit, ledger.batch_limit) == (9, 8)
    assert origin_of(loaded, "ledger.queue_limit") == "GATEBOOK_LEDGER_QUEUE_LIMIT"
    assert origin_of(loaded, "ledger.batch_limit") == str(tmp_path / "gatebook.toml")
    assert origin_of(loaded, "ledger.origin") == "default"


def test_the_data_folder_given_on_the_command_line_wins_and_is_handed_to_children(
    tmp_path: Path,
) -> None:
    environment = {"GATEBOOK_SERVER_DATA": "/elsewhere"}
    loaded = load_config(data=tmp_path, environment=environment)
    assert loaded.config.data == tmp_path
    assert origin_of(loaded, "server.data") == "--data"
    assert loaded.arguments == ["--data", str(tmp_path)]


@each_setting
def test_every_setting_can_be_set_by_its_variable(
    table: str, field: msgspec.structs.FieldInfo
) -> None:
    variable = f"GATEBOOK_{table}_{field.name}".upper()
    value = field.default if isinstance(field.default, str) else str(field.default).lower()
    if isinstance(field.default, tuple):
        value = ",".join(field.default)
    loaded = load_config(environment={variable: value})
    assert getattr(getattr(loaded.config, table), field.name) == field.default
    assert origin_of(loaded, f"{table}.{field.name}") == variable


@each_setting
def test_every_setting_has_a_safe_default_and_says_what_it_changes(
    table: str, field: msgspec.structs.FieldInfo
) -> None:
    assert not field.required
    assert describe(field.type), f"{table}.{field.name}"


@pytest.mark.parametrize(
    ("toml", "nearest"),
    [
        ("[ledgr]\n", "[ledger]"),
        ("[ledger]\nqueue_limits = 3\n", "queue_limit"),
        ("[storage]\nurls = 'x'\n", "url"),
    ],
)
def test_a_name_nobody_knows_is_refused_and_the_nearest_named(
    tmp_path: Path, toml: str, nearest: str
) -> None:
    assert f"Did you mean {nearest}?" in refused(tmp_path, toml)


@pytest.mark.parametrize("variable", ["GATEBOOK_LEDGER_QUEUELIMIT", "GATEBOOK_LEGDER_QUEUE_LIMIT"])
def test_a_mistyped_variable_is_refused_and_the_nearest_named(
    tmp_path: Path, variable: str
) -> None:
    said = refused(tmp_path, "", **{variable: "3"})
    assert "Did you mean GATEBOOK_LEDGER_QUEUE_LIMIT?" in said


@pytest.mark.parametrize("variable", ["GATEBOOK_KEY", "GATEBOOK_API_KEY", "GATEBOOK_BASE_URL"])
def test_a_variable_that_clients_use_for_themselves_is_left_alone(
    tmp_path: Path, variable: str
) -> None:
    assert load(tmp_path, "", **{variable: "gbk_agt_live_x"}).config == Config()


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[ledger]\nqueue_limit = 0\n", "ledger.queue_limit from"),
        ("[ledger]\nqueue_limit = 'many'\n", "ledger.queue_limit from"),
        ("[ledger]\norigin = 'Not A Host'\n", "ledger.origin from"),
        ("[identity]\nrotation_grace_seconds = 604801\n", "rotation_grace_seconds"),
        ("ledger = 3\n", "has to be a table"),
        ("[ledger\n", "is not TOML"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_its_place(
    tmp_path: Path, toml: str, words: str
) -> None:
    assert words in refused(tmp_path, toml)


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[ledger]\nstall_seconds = 5\n", "more than ledger.checkpoint_seconds"),
        ("[ledger]\ncheckpoint_seconds = 301\n", "more than ledger.checkpoint_seconds"),
        ("[memory]\nbodies_limit_bytes = 77594623\n", "at least gateway.body_limit_bytes"),
        ("[gateway]\nbody_limit_bytes = 201326593\n", "at least gateway.body_limit_bytes"),
        ("[gateway]\nreply_limit_bytes = 268435456\n", "gateway.reply_limit_bytes together"),
    ],
)
def test_values_with_which_calls_would_be_refused_for_ever_are_refused_together(
    tmp_path: Path, toml: str, words: str
) -> None:
    assert words in refused(tmp_path, toml)


@pytest.mark.parametrize(
    ("toml", "code"),
    [
        ("[tls]\nself_managed = true\ncertificate_file = 'a'\nkey_file = 'a'\n", "config_tls"),
        ("[tls]\ncertificate_file = 'a'\n", "config_tls"),
        ("[tls]\nkey_file = 'a'\n", "config_tls"),
        ("[tls]\nclient_ca_file = 'a'\n", "config_tls"),
        ("[proxies]\ntrusted = ['proxy.example']\n", "proxies_unclear"),
        ("[proxies]\ntrusted = ['0.0.0.0/0']\n", "proxies_everybody"),
    ],
)
def test_values_that_contradict_one_another_or_believe_everybody_are_refused(
    tmp_path: Path, toml: str, code: str
) -> None:
    with pytest.raises(Misconfigured) as caught:
        load(tmp_path, toml)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "networks"),
    [("", ()), ("10.0.0.1", ("10.0.0.1",)), (" 10.0.0.1 ,fd00::/8,", ("10.0.0.1", "fd00::/8"))],
)
def test_a_variable_holds_a_list_with_commas(
    tmp_path: Path, text: str, networks: tuple[str, ...]
) -> None:
    loaded = load(tmp_path, "", GATEBOOK_PROXIES_TRUSTED=text)
    assert loaded.config.proxies.trusted == networks


def test_a_little_room_is_enough(tmp_path: Path) -> None:
    ledger = "[ledger]\nstall_seconds = 2\ncheckpoint_seconds = 1\n"
    bodies = (
        "[memory]\nbodies_limit_bytes = 5120\n"
        "[gateway]\nbody_limit_bytes = 4096\nreply_limit_bytes = 1024\n"
    )
    assert load(tmp_path, ledger + bodies).config.memory.bodies_limit_bytes == 5120


def test_a_file_that_is_named_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be read"):
        load_config(tmp_path / "none.toml", environment={})


def test_the_database_is_in_the_data_folder_unless_set_otherwise(tmp_path: Path) -> None:
    inside = load_config(data=tmp_path, environment={}).config
    assert inside.database_url == f"sqlite:///{tmp_path}/gatebook.db"
    url = "postgresql+psycopg://gatebook@db/gatebook"
    outside = load_config(environment={"GATEBOOK_STORAGE_URL": url}).config
    assert outside.database_url == url
