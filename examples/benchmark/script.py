"""What a careful user writes: boto3 downloads to a temporary file, flickrapi uploads it.

Usage: script.py S3_URL FLICKR_URL BUCKET THREADS
"""

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import boto3
import flickrapi
from botocore.config import Config

s3_url, flickr_url, bucket, threads = sys.argv[1:]
threads = int(threads)

s3 = boto3.client(
    "s3",
    endpoint_url=s3_url,
    region_name="us-east-1",
    aws_access_key_id="bench",
    aws_secret_access_key="bench",
    config=Config(s3={"addressing_style": "path"}, max_pool_connections=threads),
)

flickrapi.FlickrAPI.REST_URL = flickr_url + "/services/rest/"
flickrapi.FlickrAPI.UPLOAD_URL = flickr_url + "/services/upload/"
token = flickrapi.auth.FlickrAccessToken("token", "secret", "write", "n", "u", "1@N01")
flickr = flickrapi.FlickrAPI("key", "secret", token=token, store_token=False, cache=False)


def copy(key):
    """One photo, by way of a temporary file."""
    handle, path = tempfile.mkstemp(suffix=".jpg")
    os.close(handle)
    try:
        s3.download_file(bucket, key, path)
        flickr.upload(path, title=key, is_public=0, is_friend=0, is_family=0)
    finally:
        os.unlink(path)


pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
with ThreadPoolExecutor(threads) as pool:
    for _ in pool.map(copy, keys):
        pass
