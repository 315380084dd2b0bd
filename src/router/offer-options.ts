import { checkOptions, type OptionNames } from '../config/options.ts';

/** How a message is handed over. */
export interface RouteOptions {
  /** The data type, when the caller knows it; recognition is skipped. */
  readonly dataType?: string;
}

/** How a message is offered. */
export interface OfferOptions extends RouteOptions {
  /** Takes a waiting offer back: the promise rejects with the signal's reason, and the message was never received. */
  readonly signal?: AbortSignal;
}

/** The names of these options. */
export const routeOptions: OptionNames<RouteOptions> = { dataType: true };
export const offerOptions: OptionNames<OfferOptions> = { ...routeOptions, signal: true };

/** Frozen options that are right. A feed gives the same objects again and again, one for each data type. */
const checked = new WeakSet<RouteOptions>();

/** The data type that options of `route` name. Throws `SluiceError` `invalid-option`. */
export function dataTypeIn(options: RouteOptions): string | undefined {
  if (!checked.has(options)) {
    checkOptions('route', options, routeOptions);
    if (Object.isFrozen(options)) checked.add(options);
  }
  return options.dataType;
}
