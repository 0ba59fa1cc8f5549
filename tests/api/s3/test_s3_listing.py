"""Listings: nothing twice, nothing lost."""

import pytest


# Listing in pages and by delimiter: nothing twice, nothing lost, prefixes rolled up, odd characters intact.
@pytest.mark.parametrize("operation", ["list_objects_v2", "list_objects"])
def test_listing(s3, bucket, operation):
    keys = sorted([f"d{i}/f{j}" for i in range(5) for j in range(7)] + ["top", "z\n\t<&>\"' +", "\u00e9"], key=str.encode)
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    pages = s3.get_paginator(operation)
    assert [e["Key"] for p in pages.paginate(Bucket=bucket, PaginationConfig={"PageSize": 4}) for e in p.get("Contents", [])] == keys
    rolled = list(pages.paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 2}))
    assert [c["Prefix"] for p in rolled for c in p.get("CommonPrefixes", [])] == [f"d{i}/" for i in range(5)]
    assert [e["Key"] for p in rolled for e in p.get("Contents", [])] == [k for k in keys if "/" not in k]
    page = getattr(s3, operation)(Bucket=bucket, Prefix="d3/", MaxKeys=3)
    assert [e["Key"] for e in page["Contents"]] == ["d3/f0", "d3/f1", "d3/f2"] and page["IsTruncated"]
    assert s3.list_objects_v2(Bucket=bucket, StartAfter="top")["Contents"][0]["Key"] == keys[keys.index("top") + 1]
