"""tools/generate_api.py: names, patterns, and that the same models give the same code."""

import importlib.util
import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools/generate_api.py"


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("generate_api", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Every service's code spells members by this rule.
@pytest.mark.parametrize("model, cpp", [
    ("TrainingJobName", "training_job_name"), ("S3OutputPath", "s3_output_path"), ("VolumeSizeInGB", "volume_size_in_gb"),
    ("KmsKeyId", "kms_key_id"), ("KMSMasterKeyID", "kms_master_key_id"), ("logGroupName", "log_group_name"),
    ("TargetGroupARNs", "target_group_arns"), ("VPCSecurityGroupIds", "vpc_security_group_ids"), ("Operator", "operator_"),
    ("Namespace", "namespace_"), ("Default", "default_"), ("Unknown", "unknown_"), ("Body", "body")])
def test_member_names(generator, model, cpp):
    assert generator.snake_case(model) == cpp


# What Java's regular expressions say in RE2's terms.
@pytest.mark.parametrize("java, re2", [
    (r"[a-z]{1,63}", r"[a-z]{1,63}"), (r".{0,2048}", ".*"), (r"[\S\s]{1,4096}", r"[\S\s]+"), (r"x{5,2000}", "x{5,}"),
    (r"[\u0009\u000A]+", r"[\x{0009}\x{000A}]+"), (r"\p{ASCII}*", r"[\x00-\x7F]*"), (r"[\p{Print}x]", r"[\x20-\x7Ex]"),
    (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF]", r"[\x{0020}-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{10FFFF}]")])
def test_patterns(generator, java, re2):
    assert generator.re2_pattern(java) == re2


# Text of a model reaches a C++ literal whole: quotes, bytes beyond ASCII, trigraphs.
def test_literals(generator):
    assert generator.text('a"b\\c') == r'"a\"b\\c"'
    assert generator.text("é1??/") == '"' + r"\303\251" + "1" + r"\077\077" + '/"'


# A build must not depend on the order of a hash table or on what was there before.
def test_output_is_a_function_of_the_input(tmp_path):
    def generate(name):
        out = tmp_path / name
        subprocess.run([sys.executable, SCRIPT, "--models", ROOT / "models", "--out", out], check=True)
        return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}

    first = generate("a")
    assert first == generate("b")
    listed = subprocess.run([sys.executable, SCRIPT, "--models", ROOT / "models", "--out", "unused", "--list"],
                            check=True, capture_output=True, text=True).stdout.split()
    assert sorted(listed) == sorted(first)


# Files that did not change keep their time, or one edited model would rebuild all services.
def test_unchanged_files_are_left_alone(tmp_path):
    command = [sys.executable, SCRIPT, "--models", ROOT / "models", "--out", tmp_path]
    subprocess.run(command, check=True)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.cc")}
    subprocess.run(command, check=True)
    assert times == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.cc")}


# A slip in models/*.toml is an error that names the line, not a missing row at run time.
@pytest.mark.parametrize("line, message", [
    ('[groups]\nx = ["CreateUserr"]', "CreateUserr is not in botocore's model"),
    ('[groups]\nx = ["CreateUser"]\n[omit]\nUser = ["Nonsense"]', "User has no member Nonsense")])
def test_slips_are_named(tmp_path, line, message):
    (tmp_path / "iam.toml").write_text(f'service = "iam"\niam_prefix = "iam"\n{line}\n')
    done = subprocess.run([sys.executable, SCRIPT, "--models", tmp_path, "--out", tmp_path / "out"], capture_output=True, text=True)
    assert done.returncode != 0 and message in done.stderr


# A struct that holds itself compiles only with the box; one through a list needs none.
def test_recursion(generator):
    model = {"metadata": {"protocol": "json", "apiVersion": "1", "serviceId": "T", "endpointPrefix": "t"},
             "operations": {"Op": {"name": "Op", "http": {}, "input": {"shape": "Expression"}}},
             "shapes": {"Expression": {"type": "structure", "members": {
                 "Not": {"shape": "Expression"}, "And": {"shape": "Expressions"}}},
                 "Expressions": {"type": "list", "member": {"shape": "Expression"}}}}
    service = generator.Service({"service": "t", "iam_prefix": "t", "groups": {"g": ["Op"]}}, json.loads(json.dumps(model)))
    header = service.files()["generated/shapes/t/g.h"]
    assert "std::optional<Box<Expression>> not_{};" in header
    assert "std::optional<std::vector<Expression>> and_{};" in header
    assert "using OpRequest = Expression;" in header
