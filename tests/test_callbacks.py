"""Which callback addresses are kept, and which machines are ever called."""

from ipaddress import ip_address

import pytest

from accounts.callbacks import refuse_reason
from accounts.networks import is_named, is_public


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/a?b=c",
        "https://integrator.example:8443/x",
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]/",
    ],
)
def test_https_on_the_internet_is_kept_without_asking_any_resolver(url):
    assert refuse_reason(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/", "ftp://hooks.example.com/", "hooks.example.com", "",
        "https://", "https:///path", "//hooks.example.com/", "javascript:alert(1)",
        "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/",
        "https://0177.0.0.1/", "https://localhost/", "https://LOCALHOST./", "https://a.localhost/",
        "https://printer.local/", "https://metadata.google.internal/", "https://intranet/",
        "https://10.0.0.1/", "https://192.168.1.1/", "https://172.16.0.1/", "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data", "https://0.0.0.0/", "https://224.0.0.1/",
        "https://255.255.255.255/", "https://[::1]/", "https://[::]/", "https://[fe80::1%25eth0]/",
        "https://[fc00::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:8.8.8.8]/",
        "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://[::127.0.0.1]/",
        "https://[fd00:ec2::254]/", "https://user:word@hooks.example.com/", "https://[::1/",
        "https://hooks.example.com:99999/", "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nX: y", "https://hooks.exa\x00mple.com/",
        "https://bücher.example/", "https://x.example/" + "a" * 2048,
    ],
)  # fmt: skip
def test_everything_else_is_refused_with_a_sentence(url):
    assert refuse_reason(url).endswith((".", "it."))


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.1:9000/", ["127.0.0.1"]),
        ("http://hooks.internal/", ["hooks.internal"]),
        ("http://HOOKS.internal./", ["hooks.internal"]),
        ("https://10.1.2.3/", ["10.1.0.0/16"]),
        ("http://[::1]:9000/", ["::1"]),
    ],
)
def test_what_an_operator_names_is_kept(settings, url, allowed):
    settings.OUTGOING_HOSTS = allowed

    assert refuse_reason(url) is None


def test_naming_one_host_names_no_other(settings):
    settings.OUTGOING_HOSTS = ["hooks.internal", "10.1.0.0/16"]

    for url in ("http://127.0.0.1/", "http://10.2.0.1/", "http://ahooks.internal/"):
        assert refuse_reason(url)


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "2606:4700::1111"])
def test_addresses_on_the_internet_are_public(text):
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.251",
        "239.1.1.1", "240.0.0.1", "198.18.0.1", "192.0.2.1", "::", "::1", "fe80::1", "ff02::1",
        "fc00::1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "2002:808:808::", "64:ff9b::808:808",
        "2001:0:4136::1", "2001:db8::1", "fec0::1",
    ],
)  # fmt: skip
def test_no_other_address_is(text):
    assert not is_public(ip_address(text))


def test_a_network_is_named_by_its_addresses_not_by_a_name():
    assert is_named("x", ip_address("10.1.2.3"), allowed=["10.1.0.0/16"])
    assert not is_named("10.1.evil.example", None, allowed=["10.1.0.0/16"])
