#include "api/aws_common/row.h"

#include "api/aws_common/audit_json.h"
#include "api/aws_common/wire.h"
#include "foundation/base/check.h"

namespace aloft::api::internal {

namespace {

// A row's operation, and the model that says how it is spelled.
struct Spoken {
  const shapes::ServiceModel& service;
  const shapes::OperationModel& model;
  std::shared_ptr<const Operation> operation;
};

class PreparedOperation final : public Prepared {
 public:
  PreparedOperation(const Spoken& spoken, std::vector<Permission> permissions, Operation::Input input)
      : spoken_(spoken), permissions_(std::move(permissions)), input_(std::move(input)) {}

  std::vector<Permission> permissions() const override { return permissions_; }
  std::string audit_parameters() const override { return AuditJson(*spoken_.model.input, input_.get()); }

  void Run(const std::shared_ptr<const Call>& call, Authorized authorized, Responder respond) override {
    spoken_.operation->Handle(
        call, authorized, input_.get(),
        [&spoken = spoken_, call, respond = std::move(respond)](Result<const void*> out) {
          if (!out.ok()) return respond(std::move(out).error());
          if (call->answer_elements != nullptr) *call->answer_elements = AuditJson(*spoken.model.output, *out);
          respond(EncodeResponse(spoken.service, spoken.model, call->head(), call->request_id, *out));
        });
  }

 private:
  const Spoken& spoken_;  // the row's, which lives as long as the server
  std::vector<Permission> permissions_;
  Operation::Input input_;
};

}  // namespace

Row MakeUntypedRow(const shapes::ServiceModel& service, std::string_view name, const shapes::Shape& input,
                   const shapes::Shape& output, const RowOptions& options, std::shared_ptr<const Operation> operation) {
  const shapes::OperationModel* model = shapes::FindOperation(service, name);
  // The structs are those of another operation, or models/<service>.toml does not list it.
  ALOFT_CHECK(model != nullptr && model->input == &input && model->output == &output);
  Row row;
  row.service = service.iam_prefix;
  row.operation = model->name;
  row.authenticators = options.authenticators;
  row.max_body_bytes = options.max_body_bytes;
  row.signed_for = service.signing_name;
  row.open = options.open;
  row.prepare = [spoken = std::make_shared<const Spoken>(service, *model, std::move(operation))](
                    const Call& call) -> Result<std::unique_ptr<Prepared>> {
    Operation::Input request = spoken->operation->NewInput();
    ALOFT_TRY(DecodeRequest(spoken->service, spoken->model, call.head(), call.body, request.get()));
    std::vector<Permission> needed = spoken->operation->Permissions(call, request.get());
    return std::unique_ptr<Prepared>(
        std::make_unique<PreparedOperation>(*spoken, std::move(needed), std::move(request)));
  };
  return row;
}

}  // namespace aloft::api::internal
