/* The XNNPACK delegate of the TFLite C library (2.17), as far as the Rust crate tflitec 0.7 calls it. */
#ifndef MODEL_QUANTIZER_TFLITE_XNNPACK_DELEGATE_H_
#define MODEL_QUANTIZER_TFLITE_XNNPACK_DELEGATE_H_

#include "tensorflow/lite/c/c_api.h"

/* Passed and returned by value: 32 bytes on 64-bit machines, as the library fills them. */
typedef struct {
  int32_t num_threads;
  uint32_t flags;
  void* weights_cache;
  _Bool handle_variable_ops;
  const char* weight_cache_file_path;
} TfLiteXNNPackDelegateOptions;

TfLiteXNNPackDelegateOptions TfLiteXNNPackDelegateOptionsDefault(void);
TfLiteDelegate* TfLiteXNNPackDelegateCreate(const TfLiteXNNPackDelegateOptions* options);
void TfLiteXNNPackDelegateDelete(TfLiteDelegate* delegate);

#endif
