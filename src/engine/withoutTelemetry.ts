/**
 * ONNX Runtime reports to Microsoft from Linux and macOS unless this is set before it is loaded: it writes an identifier
 * of the machine to disk and uploads events some seconds after the first session. Set later, it is too late.
 * https://github.com/microsoft/onnxruntime/pull/27379
 */
process.env.ORT_DISABLE_TELEMETRY = '1';
