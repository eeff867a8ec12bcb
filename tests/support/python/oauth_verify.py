"""Signs requests with `oauthlib`, an OAuth 1.0a that this project did not write.

Reads from standard input a JSON list of {"method", "url", "params": [[NAME, VALUE], ...],
"key", "secret", "token", "token_secret", "nonce", "timestamp"}; `token`, `token_secret` and
`callback` may be missing. Prints the list of their HMAC-SHA1 signatures, not percent-encoded.
"""

import json
import re
import sys
import urllib.parse

from oauthlib.oauth1 import Client

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def signature(request):
    """The signature of one request."""
    client = Client(
        request["key"],
        client_secret=request["secret"],
        resource_owner_key=request.get("token"),
        resource_owner_secret=request.get("token_secret"),
        callback_uri=request.get("callback"),
        nonce=request["nonce"],
        timestamp=str(request["timestamp"]),
    )
    url, body, headers = request["url"], None, None
    pairs = [tuple(pair) for pair in request["params"]]
    params = urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote)
    if request["method"] == "POST":
        body, headers = params, FORM
    elif params:
        url += "?" + params
    _, signed, _ = client.sign(url, http_method=request["method"], body=body, headers=headers)
    quoted = re.search(r'oauth_signature="([^"]*)"', signed["Authorization"]).group(1)
    return urllib.parse.unquote(quoted)


json.dump([signature(request) for request in json.load(sys.stdin)], sys.stdout)
