// The part of ONNX Runtime's C interface that the worker calls.
//
// The library gives out one table of function pointers, OrtApi, whose order never changes: new functions are appended
// (https://onnxruntime.ai/docs/reference/compatibility.html). Every function here belongs to version 1 of the table, so
// any ONNX Runtime will do. Slots are counted from 0; tests/runtime/test_onnx_worker.py runs real models through all of
// them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace aloft::onnx_worker::ort {

// Opaque objects of the library.
struct Env;
struct Status;
struct MemoryInfo;
struct Session;
struct Value;
struct RunOptions;
struct TypeInfo;
struct TensorInfo;
struct SessionOptions;
struct Allocator;

enum class ElementType : int {
  kFloat = 1,
  kUint8,
  kInt8,
  kUint16,
  kInt16,
  kInt32,
  kInt64,
  kString,
  kBool,
  kFloat16,
  kDouble
};
enum class OnnxType : int { kUnknown, kTensor, kSequence, kMap };

inline constexpr int kLogWarning = 2;
inline constexpr int kOptimizeAll = 99;
inline constexpr int kArenaAllocator = 1;
inline constexpr int kDefaultMemory = 0;
inline constexpr std::uint32_t kApiVersion = 1;

// What dlsym("OrtGetApiBase") returns.
struct ApiBase {
  void* const* (*get_api)(std::uint32_t version);
  const char* (*get_version)();
};

// The table, and one typed view per function.
class Api {
 public:
  explicit Api(void* const* table) : table_(table) {}

#define ALOFT_ORT(slot, name, result, ...) \
  result name(auto... arguments) const { return reinterpret_cast<result (*)(__VA_ARGS__)>(table_[slot])(arguments...); }

  ALOFT_ORT(2, GetErrorMessage, const char*, const Status*)
  ALOFT_ORT(3, CreateEnv, Status*, int, const char*, Env**)
  ALOFT_ORT(7, CreateSession, Status*, const Env*, const char*, const SessionOptions*, Session**)
  ALOFT_ORT(9, Run, Status*, Session*, const RunOptions*, const char* const*, const Value* const*, std::size_t,
            const char* const*, std::size_t, Value**)
  ALOFT_ORT(10, CreateSessionOptions, Status*, SessionOptions**)
  ALOFT_ORT(23, SetGraphOptimizationLevel, Status*, SessionOptions*, int)
  ALOFT_ORT(24, SetIntraOpNumThreads, Status*, SessionOptions*, int)
  ALOFT_ORT(25, SetInterOpNumThreads, Status*, SessionOptions*, int)
  ALOFT_ORT(30, SessionGetInputCount, Status*, const Session*, std::size_t*)
  ALOFT_ORT(31, SessionGetOutputCount, Status*, const Session*, std::size_t*)
  ALOFT_ORT(33, SessionGetInputTypeInfo, Status*, const Session*, std::size_t, TypeInfo**)
  ALOFT_ORT(36, SessionGetInputName, Status*, const Session*, std::size_t, Allocator*, char**)
  ALOFT_ORT(37, SessionGetOutputName, Status*, const Session*, std::size_t, Allocator*, char**)
  ALOFT_ORT(49, CreateTensorWithData, Status*, const MemoryInfo*, void*, std::size_t, const std::int64_t*, std::size_t,
            ElementType, Value**)
  ALOFT_ORT(51, GetTensorMutableData, Status*, Value*, void**)
  ALOFT_ORT(48, CreateTensor, Status*, Allocator*, const std::int64_t*, std::size_t, ElementType, Value**)
  ALOFT_ORT(52, FillStringTensor, Status*, Value*, const char* const*, std::size_t)
  ALOFT_ORT(53, GetStringTensorDataLength, Status*, const Value*, std::size_t*)
  ALOFT_ORT(54, GetStringTensorContent, Status*, const Value*, void*, std::size_t, std::size_t*, std::size_t)
  ALOFT_ORT(55, CastTypeInfoToTensorInfo, Status*, const TypeInfo*, const TensorInfo**)
  ALOFT_ORT(60, GetTensorElementType, Status*, const TensorInfo*, ElementType*)
  ALOFT_ORT(61, GetDimensionsCount, Status*, const TensorInfo*, std::size_t*)
  ALOFT_ORT(62, GetDimensions, Status*, const TensorInfo*, std::int64_t*, std::size_t)
  ALOFT_ORT(64, GetTensorShapeElementCount, Status*, const TensorInfo*, std::size_t*)
  ALOFT_ORT(65, GetTensorTypeAndShape, Status*, const Value*, TensorInfo**)
  ALOFT_ORT(67, GetValueType, Status*, const Value*, OnnxType*)
  ALOFT_ORT(69, CreateCpuMemoryInfo, Status*, int, int, MemoryInfo**)
  ALOFT_ORT(76, AllocatorFree, Status*, Allocator*, void*)
  ALOFT_ORT(78, GetAllocatorWithDefaultOptions, Status*, Allocator**)
  ALOFT_ORT(80, GetValue, Status*, const Value*, int, Allocator*, Value**)
  ALOFT_ORT(81, GetValueCount, Status*, const Value*, std::size_t*)
  ALOFT_ORT(92, ReleaseEnv, void, Env*)
  ALOFT_ORT(93, ReleaseStatus, void, Status*)
  ALOFT_ORT(94, ReleaseMemoryInfo, void, MemoryInfo*)
  ALOFT_ORT(95, ReleaseSession, void, Session*)
  ALOFT_ORT(96, ReleaseValue, void, Value*)
  ALOFT_ORT(98, ReleaseTypeInfo, void, TypeInfo*)
  ALOFT_ORT(99, ReleaseTensorInfo, void, TensorInfo*)
  ALOFT_ORT(100, ReleaseSessionOptions, void, SessionOptions*)
#undef ALOFT_ORT

 private:
  void* const* table_;
};

}  // namespace aloft::onnx_worker::ort
