/** The one way to ONNX Runtime: nothing else may import it, lest it load before its telemetry is off. */
import './withoutTelemetry';

export { InferenceSession, Tensor } from 'onnxruntime-node';
