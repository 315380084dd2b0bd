import type { Services } from '../channel/services.ts';
import type { Origin } from '../core/origin.ts';
import type { Outcome } from '../core/outcome.ts';
import type { FlightRecorder } from '../recorder/flight-recorder.ts';
import type { Destinations } from './destinations.ts';
import { Intake, type Waiting } from './intake.ts';
import type { OfferOptions } from './offer-options.ts';

/** An intake whose messages are recorded: a class of its own, so that others need not ask for each message. */
export class RecordedIntake extends Intake {
  private readonly recorder: FlightRecorder;

  constructor(destinations: Destinations, services: Services, overflowed: () => void, recorder: FlightRecorder) {
    super(destinations, services, overflowed);
    this.recorder = recorder;
  }

  protected override take(message: unknown, dataType?: string): Outcome {
    const isOne = this.messagesIn(message, dataType) === undefined;
    return isOne ? this.routeOne(message, dataType) : super.take(message, dataType);
  }

  override takePlain(_messages: readonly unknown[], from: number): number {
    return from;
  }

  override routeRun(_messages: readonly unknown[], from: number): number {
    return from;
  }

  override offerFromStream(message: unknown, options: OfferOptions): Outcome | Waiting {
    this.recorder.keepMessage(message);
    return super.offerFromStream(message, options);
  }

  protected override routeOne(message: unknown, dataType: string | undefined): Outcome {
    this.recorder.keepMessage(message);
    return super.routeOne(message, dataType);
  }

  protected override offerOne(message: unknown, options: OfferOptions, origin?: Origin): Outcome | Promise<Outcome> {
    this.recorder.keepMessage(message);
    return super.offerOne(message, options, origin);
  }
}
