"""`aloft compliance report`: what it says of a server is what a server is, and what it did not look at it does not claim."""

import html.parser
import json

import pytest
from cloud import wait_for


def report(cloud, profile: str, *arguments: str, identity=None) -> str:
    done = cloud.aloft("compliance", "report", "--profile", profile, "--data", str(cloud.data), *arguments, identity=identity)
    assert done.returncode == 0, done.stderr
    return done.stdout


def checks(cloud, profile: str, identity=None) -> dict[str, dict]:
    document = json.loads(report(cloud, profile, "--format", "json", identity=identity))
    return {check["id"]: check for control in document["controls"] for check in control["checks"]}


# Each profile names its controls, each control what was looked at, what was found, and what is left to people.
@pytest.mark.parametrize("profile", ["hipaa", "pci", "soc2"])
def test_every_control_has_its_ground(own_cloud, profile):
    document = json.loads(report(own_cloud, profile, "--format", "json"))
    assert document["account"] == own_cloud.account and "holds no certificate" in document["disclaimer"]
    assert len(document["controls"]) >= 7
    for control in document["controls"]:
        states = {check["state"] for check in control["checks"]}
        assert states, control["id"]
        assert control["state"] == ("not met" if "not met" in states else "not checked" if "not checked" in states else "met")
        assert control["operatorsPart"]
        for check in control["checks"]:
            assert check["found"] and (check["lookedAt"] or check["state"] == "not checked"), check
    assert document["controls"][0]["id"] and all(check["state"] == "not checked" for control in document["controls"]
                                                 for check in control["checks"] if check["id"] == "backup")


# The report follows the server: what an operator does changes what it says.
def test_it_follows_what_is(own_cloud):
    before = checks(own_cloud, "hipaa")
    assert before["tls-versions"]["state"] == "met" and before["encryption-at-rest"]["state"] == "met"
    assert before["root-of-trust"]["state"] == "met"
    # What is not sealed yet proves nothing; a second later it is.
    wait_for(lambda: checks(own_cloud, "hipaa")["audit-intact"]["state"] == "met", what="the first block")
    assert before["mfa"]["state"] == "not met" and "administrator" in before["mfa"]["found"]
    assert before["data-events"]["state"] == "not met" and before["public-buckets"]["state"] == "met"

    s3, trails = own_cloud.admin.client("s3"), own_cloud.admin.client("cloudtrail")
    for name in ("files", "health", "open"):
        s3.create_bucket(Bucket=name)
    trails.create_trail(Name="main", S3BucketName="files")
    selector = {"IncludeManagementEvents": True, "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::health/"]}]}
    trails.put_event_selectors(TrailName="main", EventSelectors=[{**selector, "ReadWriteType": "WriteOnly"}])
    trails.start_logging(Name="main")
    # Writes alone do not say who has seen what.
    assert checks(own_cloud, "hipaa")["data-events"]["state"] == "not met"
    trails.put_event_selectors(TrailName="main", EventSelectors=[{**selector, "ReadWriteType": "All"}])
    s3.delete_public_access_block(Bucket="open")
    s3.put_bucket_policy(Bucket="open", Policy=json.dumps({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::open/*"}}))
    own_cloud.admin.client("iam").update_account_password_policy(MinimumPasswordLength=14)
    after = {**checks(own_cloud, "hipaa"), **checks(own_cloud, "pci")}
    assert after["data-events"]["state"] == "met" and "arn:aws:s3:::health/" in after["data-events"]["found"]
    assert after["public-buckets"]["state"] == "not met" and "open" in after["public-buckets"]["found"]
    assert after["password-policy"]["state"] == "met" and "14" in after["password-policy"]["found"]
    assert after["trail"]["state"] == "met"


# Who may not look is not told that all is well.
def test_what_cannot_be_looked_at_is_not_claimed(own_cloud):
    found = checks(own_cloud, "pci", identity=own_cloud.make_user())
    for each in ("users-own-keys", "unused-keys", "mfa", "password-policy", "public-buckets", "trail"):
        assert found[each]["state"] == "not checked" and found[each]["found"], each


class Page(html.parser.HTMLParser):
    VOID = {"meta", "link", "br", "img", "input", "hr"}

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.links = [], [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href") and value]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag


# One file that opens anywhere: well formed, no script, nothing fetched from elsewhere; names are text, never markup.
def test_the_page_stands_alone(own_cloud, tmp_path):
    own_cloud.admin.client("iam").create_user(UserName="a@b.c")
    out = tmp_path / "report.html"
    report(own_cloud, "soc2", "--out", str(out))
    text = out.read_text()
    page = Page()
    page.feed(text)
    page.close()
    assert not page.open and "script" not in page.seen and not page.links
    assert page.seen.count("article") >= 7 and page.seen.count("h1") == 1
    assert "url(" not in text and "@import" not in text
