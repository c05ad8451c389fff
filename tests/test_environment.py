"""Settings from the environment: each kind of value, and the sentence when it is wrong."""

import stat

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment as env


@pytest.fixture
def given(monkeypatch):
    """Set THING, as an operator would."""
    return lambda value: monkeypatch.setenv("THING", value)


def test_text_is_trimmed_and_has_a_default(given):
    assert env.text("THING", "plain") == "plain"
    given("  a value ")
    assert env.text("THING", "plain") == "a value"


@pytest.mark.parametrize("word", ["1", "true", "YES", "on"])
def test_yes_is_said_in_several_ways(given, word):
    given(word)
    assert env.flag("THING", default=False)


@pytest.mark.parametrize("word", ["0", "False", "no", "off", ""])
def test_no_is_said_in_several_ways(given, word):
    given(word)
    assert not env.flag("THING", default=True)


def test_a_flag_keeps_its_default_when_unset():
    assert env.flag("THING", default=True)
    assert not env.flag("THING", default=False)


def test_a_flag_that_is_neither_is_refused(given):
    given("maybe")
    with pytest.raises(ImproperlyConfigured, match="THING is 'maybe'; write yes or no"):
        env.flag("THING", default=True)


def test_a_number_is_whole(given):
    assert env.number("THING", 8000) == 8000
    given("1.5")
    with pytest.raises(ImproperlyConfigured, match=r"THING is '1.5'; write a whole number"):
        env.number("THING", 8000)


def test_a_list_is_split_at_commas_and_has_no_empty_parts(given):
    given("a, b,,c ")
    assert env.listed("THING") == ["a", "b", "c"]
    given("")
    assert env.listed("THING") == []


def test_a_choice_is_one_of_a_few_and_the_first_by_default(given):
    assert env.choice("THING", ("daphne", "uvicorn")) == "daphne"
    given("gunicorn")
    with pytest.raises(ImproperlyConfigured, match="choose one of: daphne, uvicorn"):
        env.choice("THING", ("daphne", "uvicorn"))


def test_a_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    kept = tmp_path / "data" / "secret"

    first, second = env.secret("THING", keep_in=kept), env.secret("THING", keep_in=kept)

    assert first == second
    assert len(first) >= 64
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_given_secret_leaves_no_file(given, tmp_path):
    given("given by hand")

    assert env.secret("THING", keep_in=tmp_path / "secret") == "given by hand"
    assert not (tmp_path / "secret").exists()


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtp://mail.example", 25, False, False),
        ("smtp+tls://mail.example", 587, True, False),
        ("smtps://mail.example", 465, False, True),
        ("smtp+tls://mail.example:2525", 2525, True, False),
    ],
)
def test_a_mail_address_says_how_to_connect(url, port, tls, ssl):
    found = env.mail(url)

    shown = (found["EMAIL_PORT"], found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"])
    assert (found["EMAIL_HOST"], *shown) == ("mail.example", port, tls, ssl)
    assert "DEFAULT_FROM_EMAIL" not in found


def test_a_mail_address_has_user_password_and_sender():
    found = env.mail("smtps://me%40a.example:p%3Aw@mail.example?from=Desk%20%3Cd@a.example%3E")

    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("me@a.example", "p:w")
    assert found["DEFAULT_FROM_EMAIL"] == "Desk <d@a.example>"


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp:25"])
def test_a_mail_address_of_another_kind_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL must look like"):
        env.mail(url)


def test_hosts_are_names_addresses_and_networks(given):
    given("hooks.internal, 10.1.0.0/16, ::1")
    assert env.hosts("THING") == ["hooks.internal", "10.1.0.0/16", "::1"]


@pytest.mark.parametrize("value", ["https://hooks.internal", "hooks.internal/path", "10.1.0.0/99"])
def test_what_is_no_host_is_refused_with_what_to_write(given, value):
    given(value)
    with pytest.raises(ImproperlyConfigured, match="write host names, addresses or networks"):
        env.hosts("THING")


def test_files_are_kept_in_a_folder_unless_a_bucket_is_named(tmp_path):
    kept = env.storage("", folder=tmp_path)

    assert kept["OPTIONS"] == {"location": str(tmp_path)}


def test_a_bucket_is_named_with_all_it_needs(tmp_path, monkeypatch):
    monkeypatch.setattr(env, "find_spec", lambda name: object())

    kept = env.storage(
        "s3://key:se%2Fcret@files?endpoint=https://s3.example&region=eu-1", folder=tmp_path
    )

    assert kept["BACKEND"] == "storages.backends.s3.S3Storage"
    options = {"bucket_name": "files", "endpoint_url": "https://s3.example", "region_name": "eu-1",
               "access_key": "key", "secret_key": "se/cret"}  # fmt: skip
    assert kept["OPTIONS"].items() >= options.items()


@pytest.mark.parametrize("url", ["files", "s3://", "https://files", "s3:///files"])
def test_another_place_for_files_is_refused(tmp_path, url):
    with pytest.raises(ImproperlyConfigured, match="STORAGE_URL must look like s3://bucket"):
        env.storage(url, folder=tmp_path)


def test_a_bucket_without_its_packages_is_refused_with_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(env, "find_spec", lambda name: None)

    with pytest.raises(ImproperlyConfigured, match=r"install requirements-s3\.txt"):
        env.storage("s3://files", folder=tmp_path)
