#!/usr/bin/env python3
"""Makes the C++ structs and tables of AWS services from botocore's models.

  generate_api.py --models models --out build/generated            write every file that changed
  generate_api.py --models models --out build/generated --list     print the files it would write, one per line

models/<service>.toml names the operations, in groups; a group becomes generated/shapes/<service>/<group>.{h,cc}, what
several groups share common.{h,cc}, and the service as a whole (names of all operations, errors, protocols)
service_model.{h,cc}. Shapes come from the botocore that is installed beside the running Python; nothing of botocore is imported.
The output is a function of the inputs alone.
"""

import argparse
import gzip
import importlib.util
import json
import pathlib
import re
import sys
import tomllib

SCALARS = {
    "boolean": ("kBoolean", "bool"),
    "integer": ("kInteger", "std::int32_t"),
    "long": ("kLong", "std::int64_t"),
    "float": ("kFloat", "float"),
    "double": ("kDouble", "double"),
    "string": ("kString", "std::string"),
    "timestamp": ("kTimestamp", "Time"),
    "blob": ("kBlob", "Blob"),
}
TIMESTAMPS = {"unixTimestamp": "kEpochSeconds", "iso8601": "kIso8601", "rfc822": "kHttpDate"}
LOCATIONS = {"header": "kHeader", "headers": "kHeaders", "uri": "kUri", "querystring": "kQuery", "statusCode": "kStatusCode"}
KEYWORDS = set("""alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl concept const
    consteval constexpr constinit continue co_await co_return co_yield decltype default delete do double else enum explicit
    export extern false float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr operator
    or or_eq private protected public register requires return short signed sizeof static struct switch template this
    throw true try typedef typeid typename union unsigned using virtual void volatile while xor xor_eq unknown""".split())
RE2_MAX_REPEAT = 1000
HEADER = "// Made by tools/generate_api.py from botocore's model of {service} {version}. Do not edit.\n"


def snake_case(name: str) -> str:
    """TrainingJobName -> training_job_name, S3OutputPath -> s3_output_path: the rule botocore uses for method names."""
    if re.search(r"[A-Z]{2,}s$", name):  # "TargetGroupARNs"
        plural = re.search(r"[A-Z]{2,}s$", name).group(0)
        name = name[: -len(plural)] + ("_" if len(name) > len(plural) else "") + plural.lower()
    name = re.sub(r"([^_])([A-Z][a-z]+)", r"\1_\2", name)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower().replace("-", "_").replace(".", "_")
    return name + "_" if name in KEYWORDS else name


def text(value: str) -> str:
    """A C++ string literal. Bytes beyond ASCII are octal, which cannot run into the next character."""
    out = []
    for byte in value.encode("utf-8"):
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif 32 <= byte < 127 and char != "?":
            out.append(char)
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


def number(value) -> str:
    result = repr(float(value))
    return result


def re2_pattern(pattern: str) -> str:
    """The model's Java-style pattern in RE2's dialect. The length is the business of min and max, so repeats beyond RE2's
    limit become unbounded."""

    def repeat(match: re.Match) -> str:
        low, comma, high = match.group(1), match.group(2), match.group(3)
        if int(low) > RE2_MAX_REPEAT:
            return "+"
        if comma and high and int(high) > RE2_MAX_REPEAT:
            return "*" if low == "0" else "+" if low == "1" else "{" + low + ",}"
        return match.group(0)

    pattern = re.sub(r"\{(\d+)(,?)(\d*)\}", repeat, pattern)
    pattern = re.sub(r"\\u([0-9A-Fa-f]{4})", lambda m: r"\x{" + m.group(1) + "}", pattern)
    # Surrogate pairs: RE2 works on code points.
    pattern = pattern.replace(r"\x{D800}\x{DC00}-\x{DBFF}\x{DFFF}", r"\x{10000}-\x{10FFFF}")
    # Java's names of classes; [x\p{Print}] and \p{Print} alone.
    for java, inside in ((r"\p{ASCII}", r"\x00-\x7F"), (r"\p{Print}", r"\x20-\x7E"), (r"\p{Graph}", r"\x21-\x7E"),
                         (r"\p{Alnum}", "0-9A-Za-z"), (r"\p{IsAlphabetic}", r"\p{L}")):
        pattern = re.sub(r"(\[[^\]\[]*)" + re.escape(java), lambda m: m.group(1) + inside, pattern)
        pattern = pattern.replace(java, f"[{inside}]")
    return pattern


class Service:
    def __init__(self, config: dict, model: dict):
        self.config = config
        self.model = model
        self.shapes = model["shapes"]
        self.metadata = model["metadata"]
        self.name = config["service"]
        self.namespace = self.name.replace("-", "_")
        self.groups = config["groups"]
        self.query_only = self.metadata["protocol"] in ("query", "ec2")
        for shape, members in config.get("omit", {}).items():
            for member in members:
                if self.shapes.get(shape, {}).get("members", {}).pop(member, None) is None:
                    raise SystemExit(f"models/{self.name}.toml: omit: {shape} has no member {member}")
        self.open_enums = set(config.get("open_enums", []))
        self.patterns = config.get("patterns", {})
        for operations in self.groups.values():
            for operation in operations:
                if operation not in model["operations"]:
                    raise SystemExit(f"models/{self.name}.toml: {operation} is not in botocore's model")
        self.home: dict[str, str] = {}  # shape -> group
        self._place_shapes()
        self._find_boxes()

    # -- closure and placement

    def children(self, name: str) -> list[str]:
        shape = self.shapes[name]
        kind = shape["type"]
        if kind == "structure":
            return [member["shape"] for member in shape["members"].values()]
        if kind == "list":
            return [shape["member"]["shape"]]
        if kind == "map":
            return [shape["key"]["shape"], shape["value"]["shape"]]
        return []

    def reach(self, roots: list[str]) -> list[str]:
        seen: dict[str, None] = {}
        stack = list(reversed(roots))
        while stack:
            name = stack.pop()
            if name in seen:
                continue
            seen[name] = None
            stack.extend(reversed(self.children(name)))
        return list(seen)

    def _place_shapes(self) -> None:
        users: dict[str, list[str]] = {}
        for group, operations in self.groups.items():
            roots = []
            for operation in operations:
                model = self.model["operations"][operation]
                roots += [model[side]["shape"] for side in ("input", "output") if side in model]
            for shape in self.reach(roots):
                users.setdefault(shape, []).append(group)
        self.home = {shape: groups[0] if len(groups) == 1 else "common" for shape, groups in users.items()}

    def _find_boxes(self) -> None:
        """Structure members that must live on the heap because they lead back to their own structure."""
        self.boxed: set[tuple[str, str]] = set()
        for name in self.home:
            if self.shapes[name]["type"] != "structure":
                continue
            for member, ref in self.shapes[name]["members"].items():
                if self._contains(ref["shape"], name, set()):
                    self.boxed.add((name, member))

    def _contains(self, outer: str, wanted: str, seen: set[str]) -> bool:
        if self.shapes[outer]["type"] != "structure" or outer in seen:
            return False
        if outer == wanted:
            return True
        seen.add(outer)
        return any(self._contains(ref["shape"], wanted, seen) for ref in self.shapes[outer]["members"].values())

    def ordered(self, group: str) -> list[str]:
        """Structures of a group, each after those it holds by value."""
        result: dict[str, None] = {}

        def visit(name: str, path: tuple[str, ...]) -> None:
            if name in result or name in path:
                return
            for child in self.children(name):
                visit(child, path + (name,))
            if self.shapes[name]["type"] == "structure" and self.home.get(name) == group:
                result[name] = None

        for name in sorted(self.home):
            visit(name, ())
        return list(result)

    # -- C++ names

    def is_document(self, name: str) -> bool:
        return bool(self.shapes[name].get("document"))

    def cpp_type(self, name: str) -> str:
        shape = self.shapes[name]
        kind = shape["type"]
        if self.is_document(name):
            return "Document"
        if kind in SCALARS:
            return SCALARS[kind][1]
        if kind == "list":
            element = self.cpp_type(shape["member"]["shape"])
            return "std::deque<bool>" if element == "bool" else f"std::vector<{element}>"
        if kind == "map":
            return f"std::map<std::string, {self.cpp_type(shape['value']['shape'])}>"
        return name

    def constrained(self, name: str) -> bool:
        shape = self.shapes[name]
        return any(key in shape for key in ("min", "max", "pattern", "enum"))

    def shape_reference(self, name: str) -> str:
        shape = self.shapes[name]
        kind = shape["type"]
        if self.is_document(name):
            return "&kAnyDocument"
        if kind == "structure":
            return f"&{name}::kShape"
        if kind in SCALARS and not self.constrained(name) and not shape.get("sensitive") and "timestampFormat" not in shape:
            return "&kAny" + SCALARS[kind][0][1:]
        return f"&descriptors::k{name[0].upper() + name[1:]}" if not self._case_clash(name) else f"&descriptors::k_{name}"

    def _case_clash(self, name: str) -> bool:
        return name[0].islower() and (name[0].upper() + name[1:]) in self.shapes

    def has_descriptor(self, name: str) -> bool:
        return "descriptors::" in self.shape_reference(name)

    def descriptor(self, name: str) -> str:
        return self.shape_reference(name).removeprefix("&descriptors::")

    # -- emission

    def operation_structs(self, group: str) -> tuple[list[str], list[str]]:
        """Empty structs for operations without input or output, and aliases where the model's name is another."""
        empty, aliases = [], []
        for operation in self.groups.get(group, []):
            model = self.model["operations"][operation]
            for side, suffix in (("input", "Request"), ("output", "Response")):
                wanted = operation + suffix
                actual = model.get(side, {}).get("shape")
                if actual == wanted:
                    continue
                if wanted in self.home:
                    raise SystemExit(f"{self.name}: {wanted} names another shape of the model")
                if actual is None:
                    empty.append(wanted)
                else:
                    aliases.append(f"using {wanted} = {actual};")
        return empty, aliases

    def struct(self, name: str) -> str:
        lines = [f"struct {name} {{"]
        for member, ref in self.shapes[name]["members"].items():
            kind = self.cpp_type(ref["shape"])
            if (name, member) in self.boxed:
                kind = f"Box<{kind}>"
            lines.append(f"  std::optional<{kind}> {snake_case(member)}{{}};")
        lines += ["  Unknown unknown{};", "  static const Shape kShape;", "};"]
        return "\n".join(lines)

    def header(self, group: str) -> str:
        structs = self.ordered(group)
        empty, aliases = self.operation_structs(group)
        out = [self.banner(), "#pragma once\n"]
        members = "\n".join(self.struct(name) for name in structs)
        out += [f"#include <{name}>" for name in ("deque", "map", "optional", "string", "vector") if f"std::{name}<" in members
                or name in ("optional", "string")]
        out += ["", '#include "foundation/base/clock.h"', '#include "foundation/shapes/shape.h"',
                '#include "foundation/shapes/types.h"']
        if group != "common" and "common" in self.all_groups():
            out.append(f'#include "generated/shapes/{self.namespace}/common.h"')
        out += ["", f"namespace aloft::shapes::{self.namespace} {{", ""]
        out += [f"struct {name};" for name in structs]
        out += [""] + [self.struct(name) + "\n" for name in structs]
        out += [f"struct {name} {{\n  Unknown unknown{{}};\n  static const Shape kShape;\n}};\n" for name in empty]
        out += aliases
        out += ["", f"}}  // namespace aloft::shapes::{self.namespace}", ""]
        return "\n".join(out)

    def constraints(self, name: str) -> tuple[str, str]:
        """The definitions and the reference of a shape's Constraints."""
        if not self.constrained(name):
            return "", "nullptr"
        shape = self.shapes[name]
        fields, before = [], ""
        key = self.descriptor(name)[1:].lstrip("_") if self.has_descriptor(name) else name
        if "min" in shape:
            fields.append(f".min = {number(shape['min'])}")
        if "max" in shape:
            fields.append(f".max = {number(shape['max'])}")
        if "pattern" in shape:
            enforced = self.patterns.get(name, re2_pattern(shape["pattern"]))
            if enforced:
                fields += [f".pattern = {text(enforced)}", f".shown_pattern = {text(shape['pattern'])}"]
        if "enum" in shape:
            before = f"constexpr std::string_view kValues{key}[] = {{{', '.join(text(v) for v in shape['enum'])}}};\n"
            fields.append(f".values = kValues{key}")
            if name in self.open_enums or name.endswith("InstanceType"):
                fields.append(".open = true")
        return before + f"constexpr Constraints kLimits{key}{{{', '.join(fields)}}};\n", f"&kLimits{key}"

    def member_row(self, owner: str, member: str, ref: dict) -> str:
        shape_name = ref["shape"]
        kind = self.cpp_type(shape_name)
        if (owner, member) in self.boxed:
            kind = f"Box<{kind}>"
        target = self.shapes[shape_name]
        wire = ref.get("queryName") if self.query_only and "queryName" in ref else None
        wire = wire or ref.get("locationName", member)
        fields = [f".name = {text(member)}", f".wire = {text(wire)}", f".shape = {self.shape_reference(shape_name)}",
                  f".access = &kOptional<{kind}>", f".offset = offsetof({owner}, {snake_case(member)})"]
        location = ref.get("location") or target.get("location")
        if location:
            fields.append(f".location = Location::{LOCATIONS[location]}")
        if ref.get("timestampFormat"):
            fields.append(f".timestamp = TimestampFormat::{TIMESTAMPS[ref['timestampFormat']]}")
        if member in self.shapes[owner].get("required", []):
            fields.append(".required = true")
        if ref.get("flattened") or target.get("flattened"):
            fields.append(".flattened = true")
        if ref.get("jsonvalue"):
            fields.append(".json_text = true")
        if ref.get("idempotencyToken"):
            fields.append(".idempotency_token = true")
        return "    {" + ", ".join(fields) + "},\n"

    def structure_definition(self, name: str) -> str:
        shape = self.shapes[name]
        members = list(shape["members"].items())
        out = ""
        fields = [".kind = Kind::kStructure", f".name = {text(name)}"]
        if members:
            out = f"constexpr Member kMembers{name}[] = {{\n" + "".join(self.member_row(name, m, r) for m, r in members) + "};\n"
            fields.append(f".members = kMembers{name}")
        fields.append(f".unknown_offset = offsetof({name}, unknown)")
        if "payload" in shape:
            fields.append(f".payload = {[m for m, _ in members].index(shape['payload'])}")
        if shape.get("union"):
            fields.append(".is_union = true")
        if shape.get("sensitive"):
            fields.append(".sensitive = true")
        return out + f"constinit const Shape {name}::kShape = {{{', '.join(fields)}}};\n"

    def value_definition(self, name: str) -> str:
        shape = self.shapes[name]
        kind = shape["type"]
        before, limits = self.constraints(name)
        cpp = self.cpp_type(name)
        if kind == "list":
            ref = shape["member"]
            fields = [".kind = Kind::kList", f".name = {text(name)}", f".constraints = {limits}",
                      f".element = {self.shape_reference(ref['shape'])}", f".list = &kList<{cpp}>"]
            if "locationName" in ref:
                fields.append(f".element_name = {text(ref['locationName'])}")
        elif kind == "map":
            value = shape["value"]
            fields = [".kind = Kind::kMap", f".name = {text(name)}", f".constraints = {limits}",
                      f".element = {self.shape_reference(value['shape'])}",
                      f".key = {self.shape_reference(shape['key']['shape'])}",
                      f".map = &kMap<{self.cpp_type(value['shape'])}>"]
            if "locationName" in value:
                fields.append(f".element_name = {text(value['locationName'])}")
            if "locationName" in shape["key"]:
                fields.append(f".key_name = {text(shape['key']['locationName'])}")
        else:
            fields = [f".kind = Kind::{SCALARS[kind][0]}", f".name = {text(name)}", f".constraints = {limits}"]
            if "timestampFormat" in shape:
                fields.append(f".timestamp = TimestampFormat::{TIMESTAMPS[shape['timestampFormat']]}")
        if shape.get("flattened"):
            fields.append(".flattened = true")
        if shape.get("sensitive"):
            fields.append(".sensitive = true")
        return before + f"constinit const Shape descriptors::{self.descriptor(name)} = {{{', '.join(fields)}}};\n"

    def source(self, group: str) -> str:
        empty, _ = self.operation_structs(group)
        mine = sorted(name for name, home in self.home.items() if home == group)
        out = [self.banner(), f'#include "generated/shapes/{self.namespace}/{group}.h"\n', "#include <cstddef>\n",
               '#include "foundation/shapes/access.h"', f'#include "generated/shapes/{self.namespace}/descriptors.h"', "",
               "// Optional members make the structs no standard-layout types, for which compilers support offsetof all the same.",
               '#pragma GCC diagnostic ignored "-Winvalid-offsetof"', "",
               f"namespace aloft::shapes::{self.namespace} {{", ""]
        out += [self.value_definition(name) for name in mine if self.has_descriptor(name)]
        out += [self.structure_definition(name) for name in self.ordered(group) if not self.is_document(name)]
        out += [f"constinit const Shape {name}::kShape = {{.kind = Kind::kStructure, .name = {text(name)}, "
                f".unknown_offset = offsetof({name}, unknown)}};\n" for name in empty]
        out += [self.operation_definition(name) for name in self.groups.get(group, [])]
        out += [f"}}  // namespace aloft::shapes::{self.namespace}", ""]
        return "\n".join(out)

    def operation_definition(self, name: str) -> str:
        model = self.model["operations"][name]
        http = model.get("http", {})
        fields = [f".name = {text(name)}", f".input = &{name}Request::kShape", f".output = &{name}Response::kShape",
                  f".method = {text(http.get('method', 'POST'))}", f".uri = {text(http.get('requestUri', '/'))}"]
        if http.get("responseCode", 200) != 200:
            fields.append(f".response_code = {http['responseCode']}")
        if "output" in model:
            fields.append(f".result_wrapper = {text(model['output'].get('resultWrapper', name + 'Result'))}")
        if model.get("authtype") == "none":
            fields.append(".unsigned_calls = true")
        return f"constinit const OperationModel descriptors::k{name}Operation = {{{', '.join(fields)}}};\n"

    def descriptors(self) -> str:
        out = [self.banner(), "#pragma once\n", '#include "foundation/shapes/service_model.h"', "",
               f"namespace aloft::shapes::{self.namespace}::descriptors {{"]
        out += [f"extern const OperationModel k{name}Operation;" for group in self.groups.values() for name in group]
        out += [f"extern const Shape {self.descriptor(name)};" for name in sorted(self.home) if self.has_descriptor(name)]
        out += [f"}}  // namespace aloft::shapes::{self.namespace}::descriptors", ""]
        return "\n".join(out)

    def model_header(self) -> str:
        return "\n".join([self.banner(), "#pragma once\n", '#include "foundation/shapes/service_model.h"', "",
                          f"namespace aloft::shapes::{self.namespace} {{", "",
                          "extern const ServiceModel kModel;", "",
                          f"}}  // namespace aloft::shapes::{self.namespace}", ""])

    def model_source(self) -> str:
        operations = sorted(op for group in self.groups.values() for op in group)
        out = [self.banner(), f'#include "generated/shapes/{self.namespace}/service_model.h"\n']
        out += [f'#include "generated/shapes/{self.namespace}/descriptors.h"']
        out += ["", f"namespace aloft::shapes::{self.namespace} {{", "namespace {", ""]
        protocols = self.metadata.get("protocols") or [self.metadata["protocol"]]
        out.append(f"constexpr std::string_view kProtocols[] = {{{', '.join(text(p) for p in protocols)}}};")
        rows = [f"    &descriptors::k{name}Operation," for name in operations]
        if rows:
            out += ["constexpr const OperationModel* kOperations[] = {", *rows, "};"]
        names = ", ".join(text(name) for name in sorted(self.model["operations"]))
        out.append(f"constexpr std::string_view kAll[] = {{{names}}};")
        errors = []
        for name, shape in sorted(self.shapes.items()):
            if not (shape.get("exception") or shape.get("error")):
                continue
            error = shape.get("error", {})
            server = bool(shape.get("fault")) or error.get("fault") or error.get("httpStatusCode", 400) >= 500
            message = next((m for m in shape.get("members", {}) if m.lower() == "message"), "message")
            errors.append(f"    {{.shape = {text(name)}, .code = {text(error.get('code', name))}, "
                          f".status = {error.get('httpStatusCode', 0)}, .sender_fault = {'false' if server else 'true'}, "
                          f".message_member = {text(message)}}},")
        if errors:
            out += ["constexpr ErrorShape kErrors[] = {", *errors, "};"]
        metadata = self.metadata
        fields = [f".name = {text(self.name)}", f".id = {text(metadata['serviceId'])}",
                  f".signing_name = {text(metadata.get('signingName', metadata['endpointPrefix']))}",
                  f".iam_prefix = {text(self.config['iam_prefix'])}", f".version = {text(metadata['apiVersion'])}",
                  f".target_prefix = {text(metadata.get('targetPrefix', ''))}",
                  f".json_version = {text(metadata.get('jsonVersion', ''))}",
                  f".xml_namespace = {text(metadata.get('xmlNamespace', ''))}",
                  f".query_compatible = {'true' if 'awsQueryCompatible' in metadata else 'false'}",
                  ".protocols = kProtocols"]
        if rows:
            fields.append(".operations = kOperations")
        fields.append(".all = kAll")
        if errors:
            fields.append(".errors = kErrors")
        out += ["", "}  // namespace", "", "constinit const ServiceModel kModel = {"]
        out += [f"    {field}," for field in fields]
        out += ["};", "", f"}}  // namespace aloft::shapes::{self.namespace}", ""]
        return "\n".join(out)

    def banner(self) -> str:
        return HEADER.format(service=self.name, version=self.metadata["apiVersion"])

    def all_groups(self) -> list[str]:
        groups = list(self.groups)
        if "common" in self.home.values():
            groups.insert(0, "common")
        return groups

    def files(self) -> dict[str, str]:
        folder = f"generated/shapes/{self.namespace}"
        result = {f"{folder}/service_model.h": self.model_header(), f"{folder}/service_model.cc": self.model_source(),
                  f"{folder}/descriptors.h": self.descriptors()}
        for group in self.all_groups():
            result[f"{folder}/{group}.h"] = self.header(group)
            result[f"{folder}/{group}.cc"] = self.source(group)
        return result


def botocore_data() -> pathlib.Path:
    spec = importlib.util.find_spec("botocore")
    if spec is None or spec.origin is None:
        raise SystemExit(f"{sys.executable} has no botocore: install tests/requirements.txt into it, or set ALOFT_PYTHON")
    return pathlib.Path(spec.origin).parent / "data"


def load_model(data: pathlib.Path, service: str) -> dict:
    versions = sorted(path for path in (data / service).iterdir() if path.is_dir())
    for name in ("service-2.json.gz", "service-2.json"):
        path = versions[-1] / name
        if path.exists():
            content = path.read_bytes()
            return json.loads(gzip.decompress(content) if name.endswith(".gz") else content)
    raise SystemExit(f"botocore has no service-2.json of {service}")


def rest_routes(services: list[Service]) -> list[str]:
    """All operations of the rest-json services: their paths are their only names on the wire."""
    rows = []
    for service in services:
        if service.metadata["protocol"] == "rest-json":
            for name, operation in sorted(service.model["operations"].items()):
                http = operation["http"]
                rows.append(f"    {{{text(service.name)}, {text(name)}, {text(http['method'])}, {text(http['requestUri'])}}},")
    return rows


def catalog(data: pathlib.Path, services: list[Service]) -> dict[str, str]:
    """Every service that botocore knows, by what names it on the wire: so that a call to one that is not built at all is
    answered by name."""
    rows = []
    for folder in sorted(path for path in data.iterdir() if path.is_dir()):
        metadata = load_metadata(folder)
        if metadata:
            rows.append(f"    {{{text(folder.name)}, {text(metadata.get('signingName', metadata['endpointPrefix']))}, "
                        f"{text(metadata.get('targetPrefix', ''))}, {text(metadata['apiVersion'])}, "
                        f"{text(metadata['protocol'])}}},")
    banner = "// Made by tools/generate_api.py from botocore's models. Do not edit.\n"
    header = "\n".join([banner, "#pragma once\n", "#include <span>", "#include <string_view>\n",
                        "namespace aloft::shapes {\n", "struct CatalogEntry {",
                        "  std::string_view name, signing_name, target_prefix, version, protocol;", "};",
                        "// All services of botocore, by name.",
                        "std::span<const CatalogEntry> Catalog();\n", "struct CatalogRoute {",
                        "  std::string_view service, operation, method, uri;", "};",
                        "// Every operation of the rest-json services among models/*.toml, generated or not.",
                        "std::span<const CatalogRoute> CatalogRoutes();\n", "}  // namespace aloft::shapes", ""])
    source = "\n".join([banner, '#include "generated/shapes/catalog.h"\n', "namespace aloft::shapes {", "namespace {",
                        "constexpr CatalogEntry kCatalog[] = {", *rows, "};", "constexpr CatalogRoute kRoutes[] = {",
                        *rest_routes(services), "};", "}  // namespace\n",
                        "std::span<const CatalogEntry> Catalog() {", "  return kCatalog;", "}\n",
                        "std::span<const CatalogRoute> CatalogRoutes() {", "  return kRoutes;", "}\n",
                        "}  // namespace aloft::shapes", ""])
    return {"generated/shapes/catalog.h": header, "generated/shapes/catalog.cc": source}


def load_metadata(folder: pathlib.Path) -> dict | None:
    """Only the head of the model is unpacked: all of them together are 100 MB."""
    versions = sorted(path for path in folder.iterdir() if path.is_dir())
    for name, opener in (("service-2.json.gz", gzip.open), ("service-2.json", open)):
        path = versions[-1] / name if versions else folder / name
        if path.exists():
            with opener(path, "rb") as file:
                head = file.read(16384).decode("utf-8", "replace")
            start = head.find('"metadata":')
            if start < 0:
                return None
            return json.JSONDecoder().raw_decode(head[start + len('"metadata":') :].lstrip())[0]
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the parent of generated/")
    parser.add_argument("--list", action="store_true", help="print the paths, write nothing")
    parser.add_argument("--stamp", type=pathlib.Path, help="touched at the end")
    arguments = parser.parse_args()

    data = botocore_data()
    outputs: dict[str, str] = {}
    services: list[Service] = []
    for config_path in sorted(arguments.models.glob("*.toml")):
        config = tomllib.loads(config_path.read_text())
        services.append(Service(config, load_model(data, config["service"])))
        outputs |= services[-1].files()
    outputs |= catalog(data, services)
    for path, content in outputs.items():
        if arguments.list:
            print(path)
            continue
        target = arguments.out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        # Unchanged files keep their time, so that one edited model rebuilds one service.
        if not target.exists() or target.read_text() != content:
            target.write_text(content)
    if arguments.stamp and not arguments.list:
        arguments.stamp.touch()
    return 0


if __name__ == "__main__":
    sys.exit(main())
