#include "api/aws_common/row.h"

namespace aloft::api::internal {

const shapes::OperationModel& OperationOf(const shapes::ServiceModel& service, std::string_view operation,
                                          const shapes::Shape& input, const shapes::Shape& output) {
  const shapes::OperationModel* found = shapes::FindOperation(service, operation);
  // The structs are those of another operation, or models/<service>.toml does not list it.
  ALOFT_CHECK(found != nullptr && found->input == &input && found->output == &output);
  return *found;
}

Row MakeUntypedRow(const shapes::ServiceModel& service, const shapes::OperationModel& operation,
                   const RowOptions& options, std::function<Result<std::unique_ptr<Prepared>>(const Call&)> prepare) {
  Row row;
  row.service = service.iam_prefix;
  row.operation = operation.name;
  row.authenticators = options.authenticators;
  row.max_body_bytes = options.max_body_bytes;
  row.prepare = std::move(prepare);
  row.signed_for = service.signing_name;
  row.open = options.open;
  return row;
}

}  // namespace aloft::api::internal
