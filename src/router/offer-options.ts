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

/** So many frozen options are known to be right. */
const CHECKED_MAX = 64;

/** Checks options of `route`. A feed gives the same objects again and again, one for each data type. */
export class RouteCheck {
  readonly #checked: RouteOptions[] = [];

  /** The data type that they name. Throws `SluiceError` `invalid-option`. */
  dataTypeIn(options: RouteOptions): string | undefined {
    if (!this.#checked.includes(options)) this.#check(options);
    return options.dataType;
  }

  #check(options: RouteOptions): void {
    checkOptions('route', options, routeOptions);
    if (Object.isFrozen(options) && this.#checked.length < CHECKED_MAX) this.#checked.push(options);
  }
}
