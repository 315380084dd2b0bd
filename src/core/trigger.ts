/** Why a batch was due: full, old enough, asked for, the last ones before the end, or a trial. */
export type Trigger = 'size' | 'age' | 'request' | 'drain' | 'probe';
