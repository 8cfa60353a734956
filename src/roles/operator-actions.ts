import { AppError } from '../domain/errors.ts';
import type { ControlDeps } from '../http/ops/control-routes.ts';
import type { FindDeps } from '../http/ops/find-routes.ts';
import type { IncidentRouteDeps } from '../http/ops/incident-routes.ts';
import type { LogDeps } from '../http/ops/log-routes.ts';
import type { PeopleDeps } from '../http/ops/people-routes.ts';
import type { RedriveDeps } from '../http/ops/redrive-routes.ts';
import type { RequestDeps } from '../http/ops/request-routes.ts';
import type { Database } from '../store/database.ts';
import { inEveryOrganisation, listOrganisationIds } from '../store/organisation-ids.ts';
import { closeIncident } from '../usecases/close-incident.ts';
import { decideRequest, readRequest, readRequests } from '../usecases/decide-request.ts';
import { endPause } from '../usecases/end-pause.ts';
import { findAppointments } from '../usecases/find-appointments.ts';
import { endSession, readPeople, signOutOthers } from '../usecases/manage-sessions.ts';
import { pauseSending } from '../usecases/pause-sending.ts';
import { previewRedrive, previewReminderRedrive } from '../usecases/preview-redrive.ts';
import { readActionLog } from '../usecases/read-action-log.ts';
import { readControls, weighPause } from '../usecases/read-controls.ts';
import { type IncidentDeps, readIncident, readIncidents } from '../usecases/read-incidents.ts';
import { readTimeline } from '../usecases/read-timeline.ts';
import { redriveOne, redriveOrAsk } from '../usecases/redrive-or-ask.ts';

/** What operators find, do and look up, over one database. */
export function operatorActions(
  database: Database,
  { aloneMax }: { aloneMax: number },
): FindDeps &
  RedriveDeps &
  RequestDeps &
  LogDeps &
  PeopleDeps &
  Omit<IncidentRouteDeps, 'apiUrl'> &
  Omit<ControlDeps, 'perSecond'> {
  const deps = { database };
  const seeingAll: IncidentDeps = {
    transaction: (work) => inEveryOrganisation(database, work),
  };
  return {
    findAppointments: (input) => findAppointments(deps, input),
    readTimeline: (input) => readTimeline(deps, input),
    previewReminderRedrive: (input) => previewReminderRedrive(deps, input),
    redriveReminder: (input) => redriveOne(deps, { ...input, aloneMax }),
    previewRedrive: (filter) => previewRedrive(deps, filter),
    redriveOrAsk: (input) => redriveOrAsk(deps, { ...input, aloneMax }),
    readControls: () => readControls(deps),
    pauseSending: async (action) => {
      const organisationIds = await listOrganisationIds(database);
      const { organisationId } = action;
      if (organisationId !== undefined && !organisationIds.includes(organisationId)) {
        throw new AppError('not_found');
      }
      return pauseSending(
        { transaction: (work) => database.transaction(organisationIds, work) },
        action,
      );
    },
    weighPause: (input) => weighPause(deps, input),
    endPause: (input) => endPause(deps, { ...input, aloneMax }),
    readRequests: () => readRequests(deps),
    readRequest: (input) => readRequest(deps, input),
    decideRequest: (input) => decideRequest(deps, input),
    aloneMax,
    readPeople: (input) => readPeople(deps, input),
    endSession: (input) => endSession(deps, input),
    signOutOthers: (input) => signOutOthers(deps, input),
    readIncidents: () => readIncidents(seeingAll),
    readIncident: (id) => readIncident(seeingAll, id),
    closeIncident: (input) => closeIncident(seeingAll, input),
    readActionLog: (input) => readActionLog(deps, input),
  };
}
