import type { StoredEvent } from '../store/event-reads.ts';

/** One thing that happened, for the booking system: ids, states and times. */
export interface EventAnswer {
  readonly id: string;
  readonly type: string;
  readonly at: string;
  readonly reference?: string;
  readonly reminderId?: string;
  readonly endpointId?: string;
  readonly incidentId?: string;
  readonly code?: string;
  readonly state?: string;
  readonly reasonCode?: string;
  readonly possibleDuplicate?: true;
  readonly possiblySent?: true;
}

export function describeEvent(event: StoredEvent): EventAnswer {
  return {
    id: event.id,
    type: event.type,
    at: event.at.toISOString(),
    ...(event.reference === null ? {} : { reference: event.reference }),
    ...(event.reminderId === null ? {} : { reminderId: event.reminderId }),
    ...(event.endpointId === null ? {} : { endpointId: event.endpointId }),
    ...(event.incidentId === null ? {} : { incidentId: event.incidentId }),
    ...(event.code === null ? {} : { code: event.code }),
    ...(event.state === null ? {} : { state: event.state }),
    ...(event.reasonCode === null ? {} : { reasonCode: event.reasonCode }),
    ...(event.possibleDuplicate ? { possibleDuplicate: true as const } : {}),
    ...(event.possiblySent ? { possiblySent: true as const } : {}),
  };
}
