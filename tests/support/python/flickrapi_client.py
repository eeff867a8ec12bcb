"""Uses a Flickr stand-in with `flickrapi`, a client that this project did not write.

Reads FLICKR_ENDPOINT_URL, FLICKR_API_KEY and FLICKR_API_SECRET, and from standard input
{"photo": PATH, "title": TEXT, "tags": TEXT, "set": TITLE}. It logs in as a person would, uploads
the photo, makes a set of it, lists both, downloads the original, and prints what it saw as JSON.
"""

import hashlib
import json
import os
import re
import sys
import urllib.parse
import urllib.request

import flickrapi
from flickrapi import auth

BASE = os.environ["FLICKR_ENDPOINT_URL"].rstrip("/")
flickrapi.FlickrAPI.REST_URL = BASE + "/services/rest/"
flickrapi.FlickrAPI.UPLOAD_URL = BASE + "/services/upload/"
auth.OAuthFlickrInterface.REQUEST_TOKEN_URL = BASE + "/services/oauth/request_token"
auth.OAuthFlickrInterface.AUTHORIZE_URL = BASE + "/services/oauth/authorize"
auth.OAuthFlickrInterface.ACCESS_TOKEN_URL = BASE + "/services/oauth/access_token"


def fetch(url, form=None):
    """The page at a URL; with a form, what comes back when it is sent."""
    data = None if form is None else urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(url, data, timeout=60) as response:
        return response.read()


def log_in(flickr):
    """Asks for a token, presses the button on the page as a person would, and reads the code."""
    flickr.get_request_token(oauth_callback="oob")
    page = fetch(flickr.auth_url(perms="delete")).decode()
    action = re.search(r'<form[^>]*action="([^"]+)"', page).group(1)
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    answer = fetch(urllib.parse.urljoin(BASE, action), dict(hidden)).decode()
    flickr.get_access_token(re.search(r"\d{3}-\d{3}-\d{3}", answer).group(0))


def upload(flickr, asked):
    """Uploads the photo; the number that Flickr gives it."""
    answer = flickr.upload(
        asked["photo"],
        title=asked["title"],
        tags=asked["tags"],
        is_public="0",
        is_friend="0",
        is_family="0",
    )
    return answer.find("photoid").text


def main():
    asked = json.load(sys.stdin)
    flickr = flickrapi.FlickrAPI(
        os.environ["FLICKR_API_KEY"], os.environ["FLICKR_API_SECRET"], store_token=False
    )
    log_in(flickr)
    photo = upload(flickr, asked)
    made = flickr.photosets.create(title=asked["set"], primary_photo_id=photo)
    photoset = made.find("photoset").get("id")
    user = flickr.test.login().find("user").get("id")
    # Its own walk_... functions do not run on Python 3.9 and newer.
    extras = "original_format,url_o,machine_tags"
    listed = flickr.people.getPhotos(user_id="me", extras=extras).findall("photos/photo")
    members = flickr.photosets.getPhotos(photoset_id=photoset)
    sets = flickr.photosets.getList()
    original = next(found for found in listed if found.get("id") == photo)
    told = {
        "user": user,
        "photo": photo,
        "photos": [
            {"id": found.get("id"), "title": found.get("title"),
             "machine_tags": found.get("machine_tags")}
            for found in listed
        ],
        "set": photoset,
        "sets": [found.text for found in sets.findall("photosets/photoset/title")],
        "set_photos": [found.get("id") for found in members.findall("photoset/photo")],
        "original_sha1": hashlib.sha1(fetch(original.get("url_o"))).hexdigest(),
    }
    json.dump(told, sys.stdout)


main()
