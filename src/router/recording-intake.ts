import type { Services } from '../channel/services.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Recognition } from '../core/recognition.ts';
import type { FlightRecorder } from '../report/flight-recorder.ts';
import { Intake, type OfferOptions } from './intake.ts';

/** The door of a router whose recorder keeps messages; every other router has a plain `Intake`, which pays nothing. */
export class RecordingIntake extends Intake {
  readonly #recorder: FlightRecorder;

  constructor(recognition: Recognition, services: Services, recorder: FlightRecorder) {
    super(recognition, services);
    this.#recorder = recorder;
  }

  override route(message: unknown, dataType?: string): Outcome {
    this.#recorder.keepMessage(message);
    return super.route(message, dataType);
  }

  override offer(message: unknown, options: OfferOptions): Outcome | Promise<Outcome> {
    this.#recorder.keepMessage(message);
    return super.offer(message, options);
  }
}
