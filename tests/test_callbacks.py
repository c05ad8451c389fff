"""Callback URLs: the public internet over https, and what the operator named; nothing else."""

import pytest

from accounts.callbacks import refuse_reason

GOOD = [
    "https://hooks.example.com/assent",
    "https://hooks.example.com:8443/a?b=c#d",
    "https://8.8.8.8/x",
    "https://[2606:4700:4700::1111]/x",
    "HTTPS://Hooks.Example.COM",
]
BAD = [
    "", "hooks.example.com", "//hooks.example.com", "https://", "https:///x", "ftp://a.example/x",
    "file:///etc/passwd", "javascript:alert(1)", "http://hooks.example.com/x",
    "https://user:secret@hooks.example.com", "https://@hooks.example.com", "https://a.example:99999",
    "https://a.example:x", "https://[::1", "https://a b.example", "https://a.example/\n", "https://a.example\\@b",
    "https://a.example/\0", "https://" + "a" * 2050 + ".example",
    "https://localhost/x", "https://LOCALHOST./x", "https://x.localhost", "https://printer.local", "https://db.internal",
    "https://desk", "https://metadata.google.internal/computeMetadata/v1/", "https://metadata/x",
    "https://127.0.0.1", "https://127.1", "https://2130706433", "https://0x7f.0.0.1", "https://0177.0.0.1",
    "https://0.0.0.0", "https://10.1.2.3", "https://172.16.0.1", "https://192.168.1.1", "https://100.64.0.1",
    "https://169.254.169.254/latest/meta-data", "https://224.0.0.1", "https://255.255.255.255",
    "https://[::1]/x", "https://[::]/x", "https://[fe80::1]", "https://[fe80::1%25eth0]", "https://[fd00:ec2::254]",
    "https://[::ffff:127.0.0.1]", "https://[::ffff:10.0.0.1]", "https://[64:ff9b::7f00:1]", "https://[2002:7f00:1::]",
    "https://[ff02::1]",
]  # fmt: skip


@pytest.mark.parametrize("url", GOOD)
def test_a_public_https_url_is_taken(url):
    assert refuse_reason(url) is None


@pytest.mark.parametrize("url", BAD)
def test_anything_else_is_refused_with_a_sentence(url):
    assert (refuse_reason(url) or "").endswith(".")


def test_what_the_operator_named_is_taken_with_http_too(settings):
    settings.OUTGOING_HOSTS = ["127.0.0.1", "hooks.internal"]

    assert refuse_reason("http://127.0.0.1:9000/x") is None
    assert refuse_reason("http://Hooks.Internal/x") is None
    assert refuse_reason("http://127.0.0.2/x") is not None
    assert refuse_reason("http://a:b@127.0.0.1/x") is not None
