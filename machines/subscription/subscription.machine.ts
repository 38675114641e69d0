/**
 * The life of a subscription, to a plan or to a recurring delivery: domain.md 8.3, rows S-01…S-30; R-50…R-61; C-19…C-22.
 *
 * One state is not in the table: `active.cancelling`, where a cancellation waits for the provider’s word (between S-17/S-19
 * and S-20…S-22). What is owed lives in `context.bill`; the root charges it as soon as it is wanted, invoiced and payable, so
 * a state only says that it wants it, and never charges twice. Times are absolute, so a timer may be late, or armed again.
 */
import { and } from 'xstate';
import { type Origin, subscribed } from './subscription.context.js';
import { subscription } from './subscription.setup.js';

const current = '#subscription.active.current';

/** Everything that the outcome of a charge can be: settled, failed for good, or a setback that its payment or order mends. */
const outcomes = <const P extends object, const F extends readonly object[]>(paid: P, failed: F) =>
  ({
    PaymentProcessed: [{ guard: 'paysBill', ...paid }, ...failed],
    PaymentFailed: [...failed, { guard: 'isSetback', actions: 'noteSetback' }],
    OrderCancelled: [...failed, { guard: 'isCalledOff', ...paid }],
    DeliveryQuoted: [
      { guard: 'leavesNothing', ...paid },
      { guard: 'isQuoteOfBill', actions: 'placeDelivery' },
    ],
    SubscriptionOrderRefused: { guard: 'isOrderOfBill', ...paid },
  }) as const;

const renewal = { actions: { type: 'settle', params: { as: 'renewal' } } } as const;

/** A request to leave: an offer first (S-17), else the provider is asked (S-20, S-21). */
const leaving = <const O extends Origin>(from: O) =>
  ({
    CancelSubscription: [
      {
        guard: 'mayBeOffered', // S-17
        target: '#subscription.active.offerPending',
        actions: { type: 'makeOffer', params: { from } },
      },
      {
        guard: 'mayCancel', // S-20, S-21: not eligible for an offer
        target: '#subscription.active.cancelling',
        actions: { type: 'noteRequest', params: { from } },
      },
    ],
  }) as const;

const places = {
  trialing: '#subscription.trialing',
  current,
  renewing: '#subscription.active.renewing',
  pastDue: '#subscription.pastDue',
  grace: '#subscription.grace',
  paused: '#subscription.paused',
} as const;
const origins = Object.keys(places) as Origin[];

/** What a running period brings, the most urgent first. */
const duties = [
  { guard: 'isTimeToExpire', target: '#subscription.expired' }, // S-27
  { guard: 'isTimeForGrace', target: '#subscription.grace', actions: ['prepareBill', 'startGrace'] }, // S-07
  { guard: 'isTimeToRenew', target: '#subscription.active.renewing' }, // S-05, S-06
  { guard: 'isTimeToInvoice', actions: 'prepareBill' }, // S-06: 7 days ahead
  { guard: 'isTimeToRemind', actions: 'remind' }, // S-06: 3 days ahead
] as const;

export const subscriptionMachine = subscription.createMachine({
  id: 'subscription',
  context: ({ input }) => subscribed(input),
  initial: 'requested',
  always: [
    { guard: 'isChargeReady', actions: 'charge' },
    { guard: 'isChangeReady', actions: 'chargeChange' },
  ],
  on: {
    CancelSubscription: { guard: 'mustRefuse', actions: 'turnDown' }, // S-23
    InvoiceGenerated: [
      { guard: 'isInvoiceOfChange', actions: 'noteChangeInvoice' },
      { guard: 'isInvoiceOfBill', actions: 'noteInvoice' },
    ],
    // No payment is ever lost: money that nothing is owed for goes back.
    PaymentProcessed: { guard: 'isUnneededPayment', actions: 'sendBack' },
    ChangeSubscriptionPaymentMethod: { actions: 'keepMethod' },
    InvalidatePaymentMethod: { actions: 'forgetMethod' },
    ChangeAutoRenewal: { actions: 'noteAutoRenewal' },
    ChangeQuantities: { guard: 'isSameCurrency', actions: 'changeQuantities' },
    ApprovePrices: { guard: 'isSameCurrency', actions: 'approvePrices' },
    AgreementResumed: { guard: 'isResumption', actions: 'noteResumption' }, // S-25
    AgreementNotResumed: { guard: 'isResumption', actions: 'noteResumption' },
  },
  states: {
    // Left in the step that enters it.
    requested: {
      always: [
        { guard: 'hasTrial', target: 'trialing', actions: ['startTrial', 'announceStart'] }, // S-02
        { target: 'pending' }, // S-01
      ],
    },

    pending: {
      entry: 'beginFirstPeriod', // S-01
      always: [
        { guard: 'isFree', target: current, actions: { type: 'settle', params: { as: 'first' } } }, // S-03
        { guard: 'lacksMethod', target: 'failed', actions: 'giveUp' }, // S-04
      ],
      on: outcomes(
        { target: current, actions: { type: 'settle', params: { as: 'first' } } }, // S-03
        [
          { guard: 'failsReplaced', actions: 'fail' },
          { guard: 'failsBill', target: '#subscription.failed', actions: 'giveUp' }, // S-04
        ],
      ),
    },

    trialing: {
      always: duties, // S-05
      after: { nextDuty: { target: 'trialing', reenter: true } },
      on: {
        ...leaving('trialing'),
        ChangeAutoRenewal: { target: 'trialing', reenter: true, actions: 'setAutoRenewal' },
      },
    },

    active: {
      initial: 'current',
      on: {
        // A plan change may still be charged while its customer thinks about leaving.
        PaymentProcessed: [
          { guard: 'paysChange', actions: 'migrate' }, // S-30
          { guard: 'failsChange', actions: 'dropChange' },
        ],
        PaymentFailed: { guard: 'failsChange', actions: 'dropChange' },
      },
      states: {
        current: {
          always: [
            ...duties,
            { guard: 'isChangeFree', target: current, reenter: true, actions: 'migrate' }, // S-30
            { guard: 'isChangeUnpayable', actions: 'dropChange' },
          ],
          after: { nextDuty: { target: 'current', reenter: true } },
          on: {
            ...leaving('current'),
            PauseSubscription: { guard: 'isPausable', target: '#subscription.paused', actions: 'pauseOnRequest' }, // S-26
            ChangePlan: [
              { guard: 'isUpgradeNow', actions: 'startUpgrade' }, // S-30
              { guard: 'isChangeLater', target: 'current', reenter: true, actions: 'planLater' }, // S-30
            ],
            // Entered anew, because the running period may be another now.
            PaymentProcessed: [
              { guard: 'paysChange', target: 'current', reenter: true, actions: 'migrate' }, // S-30
              { guard: 'failsChange', target: 'current', reenter: true, actions: 'dropChange' },
            ],
            PaymentFailed: { guard: 'failsChange', target: 'current', reenter: true, actions: 'dropChange' },
            ChangeAutoRenewal: { target: 'current', reenter: true, actions: 'setAutoRenewal' }, // S-27
            SkipDelivery: { guard: 'isSkippableDelivery', target: 'current', reenter: true, actions: 'skipDelivery' },
            MoveDelivery: { guard: 'isMovableDelivery', target: 'current', reenter: true, actions: 'moveDelivery' },
          },
        },

        renewing: {
          entry: 'demandBill', // S-05, S-06
          always: [
            { guard: 'isFree', target: 'current', ...renewal }, // S-08
            { guard: 'lacksMethod', target: '#subscription.grace', actions: 'startGrace' }, // S-07
          ],
          on: {
            ...leaving('renewing'),
            ...outcomes({ target: current, ...renewal }, [
              // S-08
              { guard: 'failsBill', target: '#subscription.pastDue', actions: 'fail' }, // S-09
            ]),
          },
        },

        offerPending: {
          after: { offerEnd: 'cancelling' }, // S-19
          on: {
            ...outcomes(renewal, [{ guard: 'failsBill', actions: 'fail' }]),
            AcceptOffer: [
              {
                guard: 'acceptsPause', // S-18
                target: '#subscription.paused',
                actions: ['takeOffer', 'pauseAsOffered', 'goBack'],
              },
              ...origins.map((origin) => ({
                guard: { type: 'acceptsAndCameFrom' as const, params: origin }, // S-18
                target: places[origin],
                actions: ['takeOffer', 'goBack'] as const,
              })),
            ],
            DeclineOffer: 'cancelling', // S-19
            CancelSubscription: { guard: 'mayInsist', target: 'cancelling', actions: 'insist' }, // S-19
          },
        },

        cancelling: {
          entry: 'askProvider',
          after: {
            confirmationEnd: origins.map((origin) => ({
              guard: { type: 'cameFrom' as const, params: origin }, // S-22
              target: places[origin],
              actions: ['noteProviderFailure', 'goBack'] as const,
            })),
          },
          on: {
            ...outcomes(renewal, [{ guard: 'failsBill', actions: 'fail' }]),
            CancellationConfirmed: [
              { guard: 'endsNow', target: '#subscription.cancelled', actions: 'scheduleEnd' }, // S-21; S-20 and S-24 in one
              { guard: 'isConfirmed', target: '#subscription.cancelScheduled', actions: 'scheduleEnd' }, // S-20
            ],
            CancellationRejected: origins.map((origin) => ({
              guard: and(['isConfirmed', { type: 'cameFrom', params: origin }]), // S-22
              target: places[origin],
              actions: ['noteProviderFailure', 'goBack'] as const,
            })),
            AgreementResumed: { guard: 'isResumption', actions: ['noteResumption', 'askAfterResumption'] },
            AgreementNotResumed: { guard: 'isResumption', actions: ['noteResumption', 'askAfterResumption'] },
          },
        },
      },
    },

    pastDue: {
      after: {
        nextRetry: [
          { guard: 'isInFlight', target: 'pastDue', reenter: true },
          { guard: 'isLastRetryDone', target: 'grace', actions: 'startGrace' }, // S-12
          { guard: 'isLastRetryIdle', target: 'grace', actions: 'startGrace' }, // S-12
          { target: 'pastDue', reenter: true, actions: 'useRetry' }, // S-10
        ],
      },
      on: {
        ...leaving('pastDue'),
        ...outcomes({ target: current, ...renewal }, [
          // S-11
          { guard: 'failsReplaced', target: '#subscription.pastDue', reenter: true, actions: 'fail' }, // S-13
          { guard: 'failsLastRetry', target: '#subscription.grace', actions: ['fail', 'startGrace'] }, // S-12
          { guard: 'failsBill', target: '#subscription.pastDue', reenter: true, actions: 'fail' }, // S-10
        ]),
        ChangeSubscriptionPaymentMethod: { actions: ['keepMethod', 'requestCharge'] }, // S-13
        RetryInvoice: { guard: 'isRetriable', actions: 'requestCharge' },
      },
    },

    grace: {
      always: { guard: 'isFree', target: current, ...renewal }, // S-11
      after: {
        graceEnd: [
          { guard: 'isInFlight', target: 'grace', reenter: true },
          { target: 'suspended', actions: 'suspend' }, // S-14
        ],
      },
      on: {
        ...leaving('grace'),
        ...outcomes({ target: current, ...renewal }, [
          // S-11
          { guard: 'failsReplaced', actions: 'fail' }, // S-13
          { guard: 'failsBill', target: '#subscription.grace', reenter: true, actions: 'fail' },
        ]),
        ChangeSubscriptionPaymentMethod: { actions: ['keepMethod', 'requestCharge'] }, // S-13
        RetryInvoice: { guard: 'isRetriable', actions: 'requestCharge' },
      },
    },

    suspended: {
      always: { guard: 'isFree', target: current, actions: { type: 'settle', params: { as: 'revival' } } }, // S-15
      after: {
        retentionEnd: [
          { guard: 'isInFlight', target: 'suspended', reenter: true },
          { target: 'expired' }, // S-16
        ],
      },
      on: {
        ...outcomes({ target: current, actions: { type: 'settle', params: { as: 'revival' } } }, [
          // S-15
          { guard: 'failsReplaced', actions: 'fail' },
          {
            guard: 'failsBill',
            target: '#subscription.suspended',
            reenter: true,
            actions: ['fail', 'stopBilling'],
          },
        ]),
        ChangeSubscriptionPaymentMethod: { actions: ['keepMethod', 'beginFirstPeriod'] }, // S-15
      },
    },

    paused: {
      after: { pauseEnd: { target: current, actions: 'endPause' } }, // S-26
      on: {
        ResumeSubscription: { target: current, actions: 'endPause' }, // S-26
        CancelSubscription: {
          guard: 'mayCancel', // S-20, S-21: nothing runs that could be offered something
          target: '#subscription.active.cancelling',
          actions: { type: 'noteRequest', params: { from: 'paused' } },
        },
      },
    },

    cancelScheduled: {
      after: { effectiveEnd: 'cancelled' }, // S-24
      on: {
        ReactivateSubscription: [
          { guard: 'isBeforeTrialEnd', target: 'trialing', actions: 'reactivate' }, // S-25
          { guard: 'isBeforeEnd', target: current, actions: 'reactivate' }, // S-25
        ],
      },
    },

    cancelled: {
      entry: { type: 'closeAccess', params: { status: 'cancelled' } }, // S-24, S-29
      after: { decisionEnd: { actions: 'closeDecision' } }, // S-29
      on: { RenewSubscription: { guard: 'mayRenew', target: 'pending', actions: 'startAnew' } }, // S-28
    },

    expired: {
      entry: { type: 'closeAccess', params: { status: 'expired' } }, // S-16, S-27
      after: { decisionEnd: { actions: 'closeDecision' } }, // S-27
      on: { RenewSubscription: { guard: 'mayRenew', target: 'pending', actions: 'startAnew' } }, // S-28
    },

    // The end: only money that comes too late is still taken, and sent back.
    failed: {},
  },
});

export type { SubscriptionContext } from './subscription.context.js';
