// Generated from avro/ by scripts/generate.ts. Do not edit.
import type { Topic } from './topics.ts';

export const TOPIC_SCHEMAS: Readonly<Record<Topic, object>> = {
 "intents.v1": {
  "type": "record",
  "name": "Intent",
  "namespace": "estop.intents",
  "doc": "What an agent is about to do. Key: the agent id.",
  "fields": [
   {
    "name": "intentId",
    "type": "string",
    "doc": "Unique per agent; the idempotency key."
   },
   {
    "name": "agentId",
    "type": "string"
   },
   {
    "name": "sessionId",
    "type": [
     "null",
     "string"
    ],
    "default": null
   },
   {
    "name": "tool",
    "type": "string"
   },
   {
    "name": "arguments",
    "type": "string",
    "doc": "RFC 8785 JSON text of the arguments object."
   },
   {
    "name": "reason",
    "type": [
     "null",
     "string"
    ],
    "doc": "Why, in the words of the agent.",
    "default": null
   },
   {
    "name": "task",
    "type": [
     "null",
     "string"
    ],
    "doc": "The task the agent works on.",
    "default": null
   },
   {
    "name": "tokens",
    "type": [
     "null",
     "long"
    ],
    "doc": "Estimated tokens.",
    "default": null
   },
   {
    "name": "microUsd",
    "type": [
     "null",
     "long"
    ],
    "doc": "Estimated cost in micro-dollars.",
    "default": null
   },
   {
    "name": "provenance",
    "type": {
     "type": "map",
     "values": "string"
    },
    "doc": "JSON pointer of an argument to where its value came from: user, tool or model.",
    "default": {}
   },
   {
    "name": "undo",
    "type": [
     "null",
     {
      "type": "record",
      "name": "Undo",
      "namespace": "estop.intents",
      "doc": "The call that would take this one back.",
      "fields": [
       {
        "name": "tool",
        "type": "string"
       },
       {
        "name": "arguments",
        "type": "string",
        "doc": "RFC 8785 JSON text of the arguments object."
       }
      ]
     }
    ],
    "default": null
   },
   {
    "name": "proposedBy",
    "type": [
     "null",
     "string"
    ],
    "doc": "The operator who proposed it in the place of the agent.",
    "default": null
   },
   {
    "name": "point",
    "type": [
     "null",
     "string"
    ],
    "doc": "The enforcement point that will run the call; null: it names none.",
    "default": null
   }
  ]
 },
 "outcomes.v1": {
  "type": "record",
  "name": "Outcome",
  "namespace": "estop.outcomes",
  "doc": "What became of an allowed intent. Key: the agent id.",
  "fields": [
   {
    "name": "intentId",
    "type": "string"
   },
   {
    "name": "agentId",
    "type": "string"
   },
   {
    "name": "status",
    "type": {
     "type": "enum",
     "name": "OutcomeStatus",
     "namespace": "estop.outcomes",
     "doc": "What really happened.",
     "symbols": [
      "ok",
      "error",
      "cancelled",
      "unknown"
     ],
     "logicalType": "kebab",
     "default": "unknown"
    }
   },
   {
    "name": "tokens",
    "type": [
     "null",
     "long"
    ],
    "doc": "Tokens really used.",
    "default": null
   },
   {
    "name": "microUsd",
    "type": [
     "null",
     "long"
    ],
    "doc": "Cost in micro-dollars really incurred.",
    "default": null
   },
   {
    "name": "durationMs",
    "type": [
     "null",
     "long"
    ],
    "default": null
   },
   {
    "name": "resultDigest",
    "type": [
     "null",
     "string"
    ],
    "doc": "sha256: and 64 hex digits over the result.",
    "default": null
   },
   {
    "name": "error",
    "type": [
     "null",
     "string"
    ],
    "default": null
   },
   {
    "name": "reportedBy",
    "type": "string",
    "doc": "The agent, or the enforcement point that ran the call."
   }
  ]
 },
 "commands.v1": {
  "type": "record",
  "name": "Command",
  "namespace": "estop.commands",
  "doc": "What a person or a service orders. Key: the subject.",
  "fields": [
   {
    "name": "commandId",
    "type": "string"
   },
   {
    "name": "subject",
    "type": "string",
    "doc": "An agent id; person: and a person id; limit: and the id of a shared limit."
   },
   {
    "name": "by",
    "type": "string",
    "doc": "Who orders: a person id or service: and a service name."
   },
   {
    "name": "reason",
    "type": [
     "null",
     "string"
    ],
    "default": null
   },
   {
    "name": "body",
    "type": [
     {
      "type": "record",
      "name": "Approve",
      "namespace": "estop.commands",
      "doc": "A person's yes to exactly one arguments digest.",
      "fields": [
       {
        "name": "intentId",
        "type": "string"
       },
       {
        "name": "digest",
        "type": "string"
       }
      ]
     },
     {
      "type": "record",
      "name": "Reject",
      "namespace": "estop.commands",
      "doc": "A person's no.",
      "fields": [
       {
        "name": "intentId",
        "type": "string"
       },
       {
        "name": "digest",
        "type": "string"
       }
      ]
     },
     {
      "type": "record",
      "name": "Suspend",
      "namespace": "estop.commands",
      "doc": "Deny everything this agent asks from now on.",
      "fields": []
     },
     {
      "type": "record",
      "name": "Resume",
      "namespace": "estop.commands",
      "doc": "End a suspension.",
      "fields": []
     },
     {
      "type": "record",
      "name": "SetCeiling",
      "namespace": "estop.commands",
      "doc": "Set a ceiling, in the unit of the budget.",
      "fields": [
       {
        "name": "budgetId",
        "type": "string"
       },
       {
        "name": "ceiling",
        "type": "long"
       }
      ]
     },
     {
      "type": "record",
      "name": "RaiseCeiling",
      "namespace": "estop.commands",
      "doc": "Raise a ceiling by an amount, in the unit of the budget.",
      "fields": [
       {
        "name": "budgetId",
        "type": "string"
       },
       {
        "name": "raiseBy",
        "type": "long"
       }
      ]
     },
     {
      "type": "record",
      "name": "IssueCredential",
      "namespace": "estop.commands",
      "doc": "Register a credential. Never holds a secret.",
      "fields": [
       {
        "name": "credentialId",
        "type": "string"
       },
       {
        "name": "kind",
        "type": {
         "type": "enum",
         "name": "CredentialKind",
         "namespace": "estop.commands",
         "doc": "How an identity proves itself.",
         "symbols": [
          "api_key",
          "ed25519"
         ],
         "logicalType": "kebab"
        }
       },
       {
        "name": "secretHash",
        "type": [
         "null",
         "string"
        ],
        "doc": "SHA-256 of an API key, hex.",
        "default": null
       },
       {
        "name": "publicKey",
        "type": [
         "null",
         "string"
        ],
        "doc": "Raw Ed25519 public key, base64url.",
        "default": null
       }
      ]
     },
     {
      "type": "record",
      "name": "RevokeCredential",
      "namespace": "estop.commands",
      "doc": "From now on this credential proves nothing.",
      "fields": [
       {
        "name": "credentialId",
        "type": "string"
       }
      ]
     },
     {
      "type": "record",
      "name": "RequestSlice",
      "namespace": "estop.commands",
      "doc": "A partition asks the home of a shared limit.",
      "fields": [
       {
        "name": "ask",
        "type": {
         "type": "record",
         "name": "SliceAsk",
         "namespace": "estop.commands",
         "doc": "What a partition asks of a shared limit's home, and gives back to it. Counted once, in sequence.",
         "fields": [
          {
           "name": "kind",
           "type": {
            "type": "enum",
            "name": "LimitKind",
            "namespace": "estop.commands",
            "doc": "What a shared limit is.",
            "symbols": [
             "budget",
             "rate"
            ],
            "logicalType": "kebab"
           }
          },
          {
           "name": "limitId",
           "type": "string"
          },
          {
           "name": "windowStart",
           "type": "long",
           "doc": "Start of the budget's window, ms; 0 for a lifetime and for rates."
          },
          {
           "name": "windowMs",
           "type": "long",
           "doc": "Length of the window, ms; 0 for a lifetime."
          },
          {
           "name": "partition",
           "type": "int",
           "doc": "Who asks."
          },
          {
           "name": "sequence",
           "type": "long",
           "doc": "1, 2, 3 … per partition and limit."
          },
          {
           "name": "need",
           "type": "long",
           "doc": "What its waiting intents need; 0: as much as is usual."
          },
          {
           "name": "least",
           "type": "long",
           "doc": "Less than this helps none of them."
          },
          {
           "name": "returned",
           "type": "long",
           "doc": "Given back."
          },
          {
           "name": "uses",
           "type": {
            "type": "array",
            "items": {
             "type": "record",
             "name": "SliceUse",
             "namespace": "estop.commands",
             "doc": "Calls that one partition made in one sub-window of a shared rate.",
             "fields": [
              {
               "name": "bucket",
               "type": "long",
               "doc": "Number of the sub-window since the epoch."
              },
              {
               "name": "calls",
               "type": "long"
              }
             ]
            }
           },
           "doc": "Calls made of a rate since the ask before."
          },
          {
           "name": "answersRecall",
           "type": "boolean",
           "doc": "It gives back all it can, and keeps doing so until it is granted something."
          }
         ]
        }
       }
      ]
     },
     {
      "type": "record",
      "name": "GrantSlice",
      "namespace": "estop.commands",
      "doc": "The home of a shared limit answers.",
      "fields": [
       {
        "name": "answer",
        "type": {
         "type": "record",
         "name": "SliceAnswer",
         "namespace": "estop.commands",
         "doc": "What the home of a shared limit grants.",
         "fields": [
          {
           "name": "kind",
           "type": "estop.commands.LimitKind"
          },
          {
           "name": "limitId",
           "type": "string"
          },
          {
           "name": "windowStart",
           "type": "long",
           "doc": "Start of the budget's window, ms; 0 for a lifetime and for rates."
          },
          {
           "name": "partition",
           "type": "int",
           "doc": "Who gets it."
          },
          {
           "name": "sequence",
           "type": "long",
           "doc": "Of the ask."
          },
          {
           "name": "amount",
           "type": "long",
           "doc": "0: nothing."
          },
          {
           "name": "free",
           "type": "long",
           "doc": "What the home has left after it."
          },
          {
           "name": "dryUntil",
           "type": [
            "null",
            "long"
           ],
           "doc": "Asking again before helps nobody, unless it is offered; null: it was enough.",
           "default": null
          }
         ]
        }
       }
      ]
     },
     {
      "type": "record",
      "name": "RecallSlice",
      "namespace": "estop.commands",
      "doc": "The home of a shared limit asks for what is unused.",
      "fields": [
       {
        "name": "kind",
        "type": "estop.commands.LimitKind"
       },
       {
        "name": "limitId",
        "type": "string"
       },
       {
        "name": "windowStart",
        "type": "long",
        "doc": "Start of the budget's window, ms; 0 for a lifetime and for rates."
       },
       {
        "name": "partition",
        "type": "int",
        "doc": "Who shall give it back."
       },
       {
        "name": "requester",
        "type": "int",
        "doc": "For whom."
       }
      ]
     },
     {
      "type": "record",
      "name": "OfferSlice",
      "namespace": "estop.commands",
      "doc": "Something is free again at the home of a shared limit.",
      "fields": [
       {
        "name": "kind",
        "type": "estop.commands.LimitKind"
       },
       {
        "name": "limitId",
        "type": "string"
       },
       {
        "name": "windowStart",
        "type": "long",
        "doc": "Start of the budget's window, ms; 0 for a lifetime and for rates."
       },
       {
        "name": "partition",
        "type": "int",
        "doc": "Who was told that there is nothing."
       }
      ]
     },
     {
      "type": "record",
      "name": "TripBreaker",
      "namespace": "estop.commands",
      "doc": "The breaker service saw something in what this agent does.",
      "fields": [
       {
        "name": "mode",
        "type": {
         "type": "enum",
         "name": "TripMode",
         "namespace": "estop.commands",
         "doc": "open denies everything; step_up asks a person for every call above read.",
         "symbols": [
          "open",
          "step_up"
         ],
         "logicalType": "kebab"
        }
       },
       {
        "name": "until",
        "type": [
         "null",
         "long"
        ],
        "doc": "When it ends by itself, ms: an open one is then tried with probes; null: when a person re-arms it.",
        "default": null
       },
       {
        "name": "signal",
        "type": "string",
        "doc": "What saw it, up to 128 characters."
       },
       {
        "name": "explanation",
        "type": "string",
        "doc": "One sentence for people, up to 1,024 characters."
       },
       {
        "name": "evidence",
        "type": [
         "null",
         "string"
        ],
        "doc": "What it rests on, up to 16 KiB.",
        "default": null
       },
       {
        "name": "proposesKill",
        "type": "boolean",
        "doc": "It opened so often that a person should think of a kill.",
        "default": false
       }
      ]
     },
     {
      "type": "record",
      "name": "RearmBreaker",
      "namespace": "estop.commands",
      "doc": "A person closes the breaker of this agent; the command's reason says why.",
      "fields": []
     },
     {
      "type": "record",
      "name": "ReportHalt",
      "namespace": "estop.commands",
      "doc": "How a halt arrived. Subject: person: and who said it.",
      "fields": [
       {
        "name": "haltId",
        "type": "string"
       },
       {
        "name": "epoch",
        "type": "long"
       },
       {
        "name": "points",
        "type": "int",
        "doc": "Enforcement points that it had to reach."
       },
       {
        "name": "confirmed",
        "type": "int",
        "doc": "Of these, how many said that they know it."
       },
       {
        "name": "confirmedInMs",
        "type": [
         "null",
         "long"
        ],
        "doc": "After how long the last of them did; null: none did.",
        "default": null
       },
       {
        "name": "silent",
        "type": "int",
        "doc": "How many said nothing."
       },
       {
        "name": "fencedInMs",
        "type": [
         "null",
         "long"
        ],
        "doc": "After how long the lease of the last silent one was over; null: none was silent, or it is not known.",
        "default": null
       }
      ]
     }
    ]
   }
  ]
 },
 "halts.v1": {
  "type": "record",
  "name": "Halt",
  "namespace": "estop.halts",
  "doc": "The newest word on one scope. Key: the scope.",
  "fields": [
   {
    "name": "haltId",
    "type": "string"
   },
   {
    "name": "scope",
    "type": {
     "type": "record",
     "name": "HaltScope",
     "namespace": "estop.halts",
     "doc": "Whom it covers: the conjunction of the fields that are set; fleet covers all.",
     "fields": [
      {
       "name": "fleet",
       "type": "boolean"
      },
      {
       "name": "group",
       "type": [
        "null",
        "string"
       ],
       "default": null
      },
      {
       "name": "agent",
       "type": [
        "null",
        "string"
       ],
       "default": null
      },
      {
       "name": "tool",
       "type": [
        "null",
        "string"
       ],
       "default": null
      }
     ]
    }
   },
   {
    "name": "mode",
    "type": {
     "type": "enum",
     "name": "HaltMode",
     "namespace": "estop.halts",
     "doc": "pause denies new intents, drain lets running permits end, kill voids permits.",
     "symbols": [
      "pause",
      "drain",
      "kill"
     ],
     "logicalType": "kebab",
     "default": "kill"
    }
   },
   {
    "name": "epoch",
    "type": "long",
    "doc": "Monotonic per scope."
   },
   {
    "name": "by",
    "type": "string"
   },
   {
    "name": "reason",
    "type": [
     "null",
     "string"
    ],
    "default": null
   },
   {
    "name": "until",
    "type": [
     "null",
     "long"
    ],
    "doc": "Ends by itself at this time, ms.",
    "default": null
   },
   {
    "name": "lifted",
    "type": "boolean",
    "doc": "True: the halt is over."
   },
   {
    "name": "killers",
    "type": {
     "type": "array",
     "items": "string"
    },
    "doc": "Of a kill: the persons who have said it or made it longer, the first 16; none of them lifts it.",
    "default": []
   }
  ]
 },
 "policies.v1": {
  "type": "record",
  "name": "PolicyRecord",
  "namespace": "estop.policies",
  "doc": "A fleet bundle under its hash, or under the key active the hash in force.",
  "fields": [
   {
    "name": "hash",
    "type": "string"
   },
   {
    "name": "files",
    "type": [
     "null",
     {
      "type": "map",
      "values": "string"
     }
    ],
    "doc": "Path to text; null in the record under the key active.",
    "default": null
   },
   {
    "name": "by",
    "type": "string"
   }
  ]
 },
 "audit.v1": {
  "type": "record",
  "name": "AuditRecord",
  "namespace": "estop.audit",
  "doc": "One atomic step of the log. Key: the agent id.",
  "fields": [
   {
    "name": "seq",
    "type": "long"
   },
   {
    "name": "prev",
    "type": {
     "type": "fixed",
     "name": "Sha256",
     "namespace": "estop.audit",
     "size": 32
    },
    "doc": "SHA-256 of the previous valid record."
   },
   {
    "name": "writer",
    "type": "string"
   },
   {
    "name": "cause",
    "type": {
     "type": "record",
     "name": "Cause",
     "namespace": "estop.audit",
     "doc": "The input this record answers.",
     "fields": [
      {
       "name": "topic",
       "type": "string"
      },
      {
       "name": "partition",
       "type": "int"
      },
      {
       "name": "offset",
       "type": "long"
      }
     ]
    }
   },
   {
    "name": "at",
    "type": "long",
    "doc": "Time of the input, ms, monotonic per partition."
   },
   {
    "name": "subject",
    "type": [
     "null",
     "string"
    ],
    "doc": "The agent, person or shared limit it is about; null: the partition.",
    "default": null
   },
   {
    "name": "policyHash",
    "type": [
     "null",
     "string"
    ],
    "doc": "The bundle in force.",
    "default": null
   },
   {
    "name": "events",
    "type": {
     "type": "array",
     "items": [
      {
       "type": "record",
       "name": "WriterStarted",
       "namespace": "estop.audit",
       "doc": "From here on this writer extends the chain.",
       "fields": [
        {
         "name": "writer",
         "type": "string"
        },
        {
         "name": "version",
         "type": "string"
        }
       ]
      },
      {
       "type": "record",
       "name": "FleetActivated",
       "namespace": "estop.audit",
       "doc": "From here on this bundle decides.",
       "fields": [
        {
         "name": "hash",
         "type": "string"
        }
       ]
      },
      {
       "type": "record",
       "name": "IntentProposed",
       "namespace": "estop.audit",
       "doc": "What was asked, with the facts the decision rests on.",
       "fields": [
        {
         "name": "intent",
         "type": {
          "type": "record",
          "name": "Intent",
          "namespace": "estop.intents",
          "doc": "What an agent is about to do. Key: the agent id.",
          "fields": [
           {
            "name": "intentId",
            "type": "string",
            "doc": "Unique per agent; the idempotency key."
           },
           {
            "name": "agentId",
            "type": "string"
           },
           {
            "name": "sessionId",
            "type": [
             "null",
             "string"
            ],
            "default": null
           },
           {
            "name": "tool",
            "type": "string"
           },
           {
            "name": "arguments",
            "type": "string",
            "doc": "RFC 8785 JSON text of the arguments object."
           },
           {
            "name": "reason",
            "type": [
             "null",
             "string"
            ],
            "doc": "Why, in the words of the agent.",
            "default": null
           },
           {
            "name": "task",
            "type": [
             "null",
             "string"
            ],
            "doc": "The task the agent works on.",
            "default": null
           },
           {
            "name": "tokens",
            "type": [
             "null",
             "long"
            ],
            "doc": "Estimated tokens.",
            "default": null
           },
           {
            "name": "microUsd",
            "type": [
             "null",
             "long"
            ],
            "doc": "Estimated cost in micro-dollars.",
            "default": null
           },
           {
            "name": "provenance",
            "type": {
             "type": "map",
             "values": "string"
            },
            "doc": "JSON pointer of an argument to where its value came from: user, tool or model.",
            "default": {}
           },
           {
            "name": "undo",
            "type": [
             "null",
             {
              "type": "record",
              "name": "Undo",
              "namespace": "estop.intents",
              "doc": "The call that would take this one back.",
              "fields": [
               {
                "name": "tool",
                "type": "string"
               },
               {
                "name": "arguments",
                "type": "string",
                "doc": "RFC 8785 JSON text of the arguments object."
               }
              ]
             }
            ],
            "default": null
           },
           {
            "name": "proposedBy",
            "type": [
             "null",
             "string"
            ],
            "doc": "The operator who proposed it in the place of the agent.",
            "default": null
           },
           {
            "name": "point",
            "type": [
             "null",
             "string"
            ],
            "doc": "The enforcement point that will run the call; null: it names none.",
            "default": null
           }
          ]
         }
        },
        {
         "name": "digest",
         "type": "string",
         "doc": "sha256: and hex over the RFC 8785 text of agent, arguments and tool."
        },
        {
         "name": "tier",
         "type": {
          "type": "enum",
          "name": "Tier",
          "namespace": "estop.audit",
          "doc": "The trust gradient.",
          "symbols": [
           "read",
           "write",
           "destructive",
           "financial"
          ],
          "logicalType": "kebab",
          "default": "destructive"
         }
        },
        {
         "name": "tokens",
         "type": "long",
         "doc": "Tokens held."
        },
        {
         "name": "microUsd",
         "type": "long",
         "doc": "Micro-dollars held."
        },
        {
         "name": "targets",
         "type": {
          "type": "array",
          "items": "string"
         },
         "doc": "Whom or what the call is aimed at."
        }
       ]
      },
      {
       "type": "record",
       "name": "IntentAllowed",
       "namespace": "estop.audit",
       "doc": "It may be done.",
       "fields": [
        {
         "name": "intentId",
         "type": "string"
        },
        {
         "name": "reason",
         "type": {
          "type": "enum",
          "name": "AllowReason",
          "namespace": "estop.audit",
          "doc": "Why it was allowed.",
          "symbols": [
           "permitted",
           "approved"
          ],
          "logicalType": "kebab",
          "default": "permitted"
         }
        },
        {
         "name": "rules",
         "type": {
          "type": "array",
          "items": "string"
         }
        },
        {
         "name": "held",
         "type": {
          "type": "array",
          "items": {
           "type": "record",
           "name": "BudgetUse",
           "namespace": "estop.audit",
           "doc": "An amount held or spent on one budget, in the unit of the budget.",
           "fields": [
            {
             "name": "budgetId",
             "type": "string"
            },
            {
             "name": "windowStart",
             "type": "long",
             "doc": "Start of the window, ms; 0 for lifetime."
            },
            {
             "name": "amount",
             "type": "long"
            },
            {
             "name": "shared",
             "type": "boolean",
             "doc": "It is a slice of a ceiling that agents share.",
             "default": false
            }
           ]
          }
         }
        },
        {
         "name": "rates",
         "type": {
          "type": "array",
          "items": {
           "type": "record",
           "name": "RateUse",
           "namespace": "estop.audit",
           "doc": "One call counted on one sliding window.",
           "fields": [
            {
             "name": "rateId",
             "type": "string"
            },
            {
             "name": "windowMs",
             "type": "long"
            },
            {
             "name": "shared",
             "type": "boolean",
             "doc": "It is a slice of a ceiling that agents share.",
             "default": false
            }
           ]
          }
         }
        },
        {
         "name": "holdUntil",
         "type": "long",
         "doc": "When unsettled amounts count as spent, ms."
        },
        {
         "name": "released",
         "type": {
          "type": "array",
          "items": "estop.audit.BudgetUse"
         },
         "doc": "What it held of shared ceilings while it waited for people.",
         "default": []
        }
       ]
      },
      {
       "type": "record",
       "name": "IntentDenied",
       "namespace": "estop.audit",
       "doc": "It may not be done.",
       "fields": [
        {
         "name": "intentId",
         "type": "string"
        },
        {
         "name": "reason",
         "type": {
          "type": "enum",
          "name": "DenyReason",
          "namespace": "estop.audit",
          "doc": "Why it was denied.",
          "symbols": [
           "halted",
           "agent_unknown",
           "agent_suspended",
           "breaker_open",
           "not_permitted",
           "forbidden",
           "invalid_arguments",
           "invalid_intent",
           "rate_limited",
           "budget_exhausted",
           "approval_rejected",
           "approval_expired",
           "timed_out",
           "policy_error"
          ],
          "logicalType": "kebab",
          "default": "policy_error"
         }
        },
        {
         "name": "message",
         "type": "string"
        },
        {
         "name": "rules",
         "type": {
          "type": "array",
          "items": "string"
         }
        },
        {
         "name": "retryAfterMs",
         "type": [
          "null",
          "long"
         ],
         "default": null
        },
        {
         "name": "released",
         "type": {
          "type": "array",
          "items": "estop.audit.BudgetUse"
         },
         "doc": "What it held of shared ceilings while it waited for people.",
         "default": []
        }
       ]
      },
      {
       "type": "record",
       "name": "ApprovalRequested",
       "namespace": "estop.audit",
       "doc": "A person must say yes first; the amounts stay held.",
       "fields": [
        {
         "name": "intentId",
         "type": "string"
        },
        {
         "name": "approvalId",
         "type": "string"
        },
        {
         "name": "reason",
         "type": {
          "type": "enum",
          "name": "PendReason",
          "namespace": "estop.audit",
          "doc": "Why a person is asked.",
          "symbols": [
           "approval_required",
           "step_up"
          ],
          "logicalType": "kebab",
          "default": "approval_required"
         }
        },
        {
         "name": "message",
         "type": "string"
        },
        {
         "name": "rules",
         "type": {
          "type": "array",
          "items": "string"
         }
        },
        {
         "name": "held",
         "type": {
          "type": "array",
          "items": "estop.audit.BudgetUse"
         }
        },
        {
         "name": "expiresAt",
         "type": "long"
        },
        {
         "name": "quorum",
         "type": "int"
        },
        {
         "name": "approvers",
         "type": {
          "type": "array",
          "items": "string"
         },
         "doc": "Groups of people who may vote; empty: any approver."
        },
        {
         "name": "severity",
         "type": [
          "null",
          "string"
         ],
         "default": null
        },
        {
         "name": "gates",
         "type": {
          "type": "array",
          "items": {
           "type": "record",
           "name": "Gate",
           "namespace": "estop.audit",
           "doc": "What one rule asks of the people.",
           "fields": [
            {
             "name": "approvers",
             "type": {
              "type": "array",
              "items": "string"
             },
             "doc": "Groups of people; empty: any approver."
            },
            {
             "name": "quorum",
             "type": "int"
            }
           ]
          }
         },
         "doc": "What each asking rule asks by itself.",
         "default": []
        }
       ]
      },
      {
       "type": "record",
       "name": "ApprovalVoted",
       "namespace": "estop.audit",
       "doc": "One vote.",
       "fields": [
        {
         "name": "intentId",
         "type": "string"
        },
        {
         "name": "person",
         "type": "string"
        },
        {
         "name": "vote",
         "type": {
          "type": "enum",
          "name": "Vote",
          "namespace": "estop.audit",
          "doc": "A person said.",
          "symbols": [
           "approve",
           "reject"
          ],
          "logicalType": "kebab"
         }
        }
       ]
      },
      {
       "type": "record",
       "name": "OutcomeRecorded",
       "namespace": "estop.audit",
       "doc": "What was done, and what it cost.",
       "fields": [
        {
         "name": "outcome",
         "type": {
          "type": "record",
          "name": "Outcome",
          "namespace": "estop.outcomes",
          "doc": "What became of an allowed intent. Key: the agent id.",
          "fields": [
           {
            "name": "intentId",
            "type": "string"
           },
           {
            "name": "agentId",
            "type": "string"
           },
           {
            "name": "status",
            "type": {
             "type": "enum",
             "name": "OutcomeStatus",
             "namespace": "estop.outcomes",
             "doc": "What really happened.",
             "symbols": [
              "ok",
              "error",
              "cancelled",
              "unknown"
             ],
             "logicalType": "kebab",
             "default": "unknown"
            }
           },
           {
            "name": "tokens",
            "type": [
             "null",
             "long"
            ],
            "doc": "Tokens really used.",
            "default": null
           },
           {
            "name": "microUsd",
            "type": [
             "null",
             "long"
            ],
            "doc": "Cost in micro-dollars really incurred.",
            "default": null
           },
           {
            "name": "durationMs",
            "type": [
             "null",
             "long"
            ],
            "default": null
           },
           {
            "name": "resultDigest",
            "type": [
             "null",
             "string"
            ],
            "doc": "sha256: and 64 hex digits over the result.",
            "default": null
           },
           {
            "name": "error",
            "type": [
             "null",
             "string"
            ],
            "default": null
           },
           {
            "name": "reportedBy",
            "type": "string",
            "doc": "The agent, or the enforcement point that ran the call."
           }
          ]
         }
        },
        {
         "name": "settled",
         "type": {
          "type": "array",
          "items": {
           "type": "record",
           "name": "Settlement",
           "namespace": "estop.audit",
           "doc": "What became of an amount held.",
           "fields": [
            {
             "name": "budgetId",
             "type": "string"
            },
            {
             "name": "windowStart",
             "type": "long"
            },
            {
             "name": "reserved",
             "type": "long"
            },
            {
             "name": "spent",
             "type": "long"
            },
            {
             "name": "overrun",
             "type": "long",
             "doc": "Reported above what the ceiling left."
            },
            {
             "name": "shared",
             "type": "boolean",
             "doc": "It is a slice of a ceiling that agents share.",
             "default": false
            }
           ]
          }
         }
        }
       ]
      },
      {
       "type": "record",
       "name": "HoldExpired",
       "namespace": "estop.audit",
       "doc": "No outcome came: the amounts held count as spent.",
       "fields": [
        {
         "name": "intentId",
         "type": "string"
        },
        {
         "name": "settled",
         "type": {
          "type": "array",
          "items": "estop.audit.Settlement"
         }
        }
       ]
      },
      {
       "type": "record",
       "name": "HaltApplied",
       "namespace": "estop.audit",
       "doc": "A halt reached this partition.",
       "fields": [
        {
         "name": "halt",
         "type": {
          "type": "record",
          "name": "Halt",
          "namespace": "estop.halts",
          "doc": "The newest word on one scope. Key: the scope.",
          "fields": [
           {
            "name": "haltId",
            "type": "string"
           },
           {
            "name": "scope",
            "type": {
             "type": "record",
             "name": "HaltScope",
             "namespace": "estop.halts",
             "doc": "Whom it covers: the conjunction of the fields that are set; fleet covers all.",
             "fields": [
              {
               "name": "fleet",
               "type": "boolean"
              },
              {
               "name": "group",
               "type": [
                "null",
                "string"
               ],
               "default": null
              },
              {
               "name": "agent",
               "type": [
                "null",
                "string"
               ],
               "default": null
              },
              {
               "name": "tool",
               "type": [
                "null",
                "string"
               ],
               "default": null
              }
             ]
            }
           },
           {
            "name": "mode",
            "type": {
             "type": "enum",
             "name": "HaltMode",
             "namespace": "estop.halts",
             "doc": "pause denies new intents, drain lets running permits end, kill voids permits.",
             "symbols": [
              "pause",
              "drain",
              "kill"
             ],
             "logicalType": "kebab",
             "default": "kill"
            }
           },
           {
            "name": "epoch",
            "type": "long",
            "doc": "Monotonic per scope."
           },
           {
            "name": "by",
            "type": "string"
           },
           {
            "name": "reason",
            "type": [
             "null",
             "string"
            ],
            "default": null
           },
           {
            "name": "until",
            "type": [
             "null",
             "long"
            ],
            "doc": "Ends by itself at this time, ms.",
            "default": null
           },
           {
            "name": "lifted",
            "type": "boolean",
            "doc": "True: the halt is over."
           },
           {
            "name": "killers",
            "type": {
             "type": "array",
             "items": "string"
            },
            "doc": "Of a kill: the persons who have said it or made it longer, the first 16; none of them lifts it.",
            "default": []
           }
          ]
         }
        }
       ]
      },
      {
       "type": "record",
       "name": "HaltLifted",
       "namespace": "estop.audit",
       "doc": "A halt ended in this partition.",
       "fields": [
        {
         "name": "halt",
         "type": "estop.halts.Halt"
        }
       ]
      },
      {
       "type": "record",
       "name": "HaltReported",
       "namespace": "estop.audit",
       "doc": "Which enforcement points had confirmed a halt, at the gateway that said it.",
       "fields": [
        {
         "name": "haltId",
         "type": "string"
        },
        {
         "name": "epoch",
         "type": "long"
        },
        {
         "name": "points",
         "type": "long",
         "doc": "Enforcement points that could let something through."
        },
        {
         "name": "confirmed",
         "type": "long"
        },
        {
         "name": "confirmedInMs",
         "type": [
          "null",
          "long"
         ],
         "doc": "Until the slowest of them had it; null: none has.",
         "default": null
        },
        {
         "name": "silent",
         "type": "long",
         "doc": "Neither confirmed nor fenced by then."
        },
        {
         "name": "fencedInMs",
         "type": [
          "null",
          "long"
         ],
         "doc": "Until the lease of the last silent point is over; null: none is silent.",
         "default": null
        }
       ]
      },
      {
       "type": "record",
       "name": "AgentSuspended",
       "namespace": "estop.audit",
       "doc": "Everything this agent asks is denied.",
       "fields": []
      },
      {
       "type": "record",
       "name": "AgentResumed",
       "namespace": "estop.audit",
       "doc": "The suspension is over.",
       "fields": []
      },
      {
       "type": "record",
       "name": "CeilingSet",
       "namespace": "estop.audit",
       "doc": "A person set a ceiling.",
       "fields": [
        {
         "name": "budgetId",
         "type": "string"
        },
        {
         "name": "ceiling",
         "type": "long"
        },
        {
         "name": "previous",
         "type": "long"
        }
       ]
      },
      {
       "type": "record",
       "name": "CredentialIssued",
       "namespace": "estop.audit",
       "doc": "A credential was registered.",
       "fields": [
        {
         "name": "credentialId",
         "type": "string"
        },
        {
         "name": "kind",
         "type": {
          "type": "enum",
          "name": "CredentialKind",
          "namespace": "estop.commands",
          "doc": "How an identity proves itself.",
          "symbols": [
           "api_key",
           "ed25519"
          ],
          "logicalType": "kebab"
         }
        },
        {
         "name": "secretHash",
         "type": [
          "null",
          "string"
         ],
         "default": null
        },
        {
         "name": "publicKey",
         "type": [
          "null",
          "string"
         ],
         "default": null
        }
       ]
      },
      {
       "type": "record",
       "name": "CredentialRevoked",
       "namespace": "estop.audit",
       "doc": "A credential proves nothing any more.",
       "fields": [
        {
         "name": "credentialId",
         "type": "string"
        }
       ]
      },
      {
       "type": "record",
       "name": "CommandAccepted",
       "namespace": "estop.audit",
       "doc": "An order was carried out; the facts follow.",
       "fields": [
        {
         "name": "commandId",
         "type": "string"
        },
        {
         "name": "by",
         "type": "string"
        },
        {
         "name": "reason",
         "type": [
          "null",
          "string"
         ],
         "default": null
        }
       ]
      },
      {
       "type": "record",
       "name": "CommandRefused",
       "namespace": "estop.audit",
       "doc": "An order was not carried out.",
       "fields": [
        {
         "name": "commandId",
         "type": "string"
        },
        {
         "name": "by",
         "type": "string"
        },
        {
         "name": "code",
         "type": "string"
        },
        {
         "name": "message",
         "type": "string"
        }
       ]
      },
      {
       "type": "record",
       "name": "IntentAwaited",
       "namespace": "estop.audit",
       "doc": "It waits for a slice of a shared ceiling.",
       "fields": [
        {
         "name": "intentId",
         "type": "string"
        },
        {
         "name": "until",
         "type": "long",
         "doc": "Denied when none came by then, ms."
        },
        {
         "name": "approved",
         "type": "boolean",
         "doc": "People have said yes to it already."
        },
        {
         "name": "needs",
         "type": {
          "type": "array",
          "items": {
           "type": "record",
           "name": "SliceNeed",
           "namespace": "estop.audit",
           "doc": "What an intent lacks of a shared limit.",
           "fields": [
            {
             "name": "kind",
             "type": {
              "type": "enum",
              "name": "LimitKind",
              "namespace": "estop.commands",
              "doc": "What a shared limit is.",
              "symbols": [
               "budget",
               "rate"
              ],
              "logicalType": "kebab"
             }
            },
            {
             "name": "limitId",
             "type": "string"
            },
            {
             "name": "amount",
             "type": "long"
            }
           ]
          }
         }
        }
       ]
      },
      {
       "type": "record",
       "name": "SliceRequested",
       "namespace": "estop.audit",
       "doc": "This partition asks the home of a shared limit.",
       "fields": [
        {
         "name": "ask",
         "type": {
          "type": "record",
          "name": "SliceAsk",
          "namespace": "estop.commands",
          "doc": "What a partition asks of a shared limit's home, and gives back to it. Counted once, in sequence.",
          "fields": [
           {
            "name": "kind",
            "type": "estop.commands.LimitKind"
           },
           {
            "name": "limitId",
            "type": "string"
           },
           {
            "name": "windowStart",
            "type": "long",
            "doc": "Start of the budget's window, ms; 0 for a lifetime and for rates."
           },
           {
            "name": "windowMs",
            "type": "long",
            "doc": "Length of the window, ms; 0 for a lifetime."
           },
           {
            "name": "partition",
            "type": "int",
            "doc": "Who asks."
           },
           {
            "name": "sequence",
            "type": "long",
            "doc": "1, 2, 3 … per partition and limit."
           },
           {
            "name": "need",
            "type": "long",
            "doc": "What its waiting intents need; 0: as much as is usual."
           },
           {
            "name": "least",
            "type": "long",
            "doc": "Less than this helps none of them."
           },
           {
            "name": "returned",
            "type": "long",
            "doc": "Given back."
           },
           {
            "name": "uses",
            "type": {
             "type": "array",
             "items": {
              "type": "record",
              "name": "SliceUse",
              "namespace": "estop.commands",
              "doc": "Calls that one partition made in one sub-window of a shared rate.",
              "fields": [
               {
                "name": "bucket",
                "type": "long",
                "doc": "Number of the sub-window since the epoch."
               },
               {
                "name": "calls",
                "type": "long"
               }
              ]
             }
            },
            "doc": "Calls made of a rate since the ask before."
           },
           {
            "name": "answersRecall",
            "type": "boolean",
            "doc": "It gives back all it can, and keeps doing so until it is granted something."
           }
          ]
         }
        }
       ]
      },
      {
       "type": "record",
       "name": "SliceAsked",
       "namespace": "estop.audit",
       "doc": "A partition asked this one, the home of a shared limit.",
       "fields": [
        {
         "name": "ask",
         "type": "estop.commands.SliceAsk"
        }
       ]
      },
      {
       "type": "record",
       "name": "SliceGranted",
       "namespace": "estop.audit",
       "doc": "The home of a shared limit has answered; the amount is taken off what is free.",
       "fields": [
        {
         "name": "answer",
         "type": {
          "type": "record",
          "name": "SliceAnswer",
          "namespace": "estop.commands",
          "doc": "What the home of a shared limit grants.",
          "fields": [
           {
            "name": "kind",
            "type": "estop.commands.LimitKind"
           },
           {
            "name": "limitId",
            "type": "string"
           },
           {
            "name": "windowStart",
            "type": "long",
            "doc": "Start of the budget's window, ms; 0 for a lifetime and for rates."
           },
           {
            "name": "partition",
            "type": "int",
            "doc": "Who gets it."
           },
           {
            "name": "sequence",
            "type": "long",
            "doc": "Of the ask."
           },
           {
            "name": "amount",
            "type": "long",
            "doc": "0: nothing."
           },
           {
            "name": "free",
            "type": "long",
            "doc": "What the home has left after it."
           },
           {
            "name": "dryUntil",
            "type": [
             "null",
             "long"
            ],
            "doc": "Asking again before helps nobody, unless it is offered; null: it was enough.",
            "default": null
           }
          ]
         }
        }
       ]
      },
      {
       "type": "record",
       "name": "SliceReceived",
       "namespace": "estop.audit",
       "doc": "The answer of the home has arrived.",
       "fields": [
        {
         "name": "answer",
         "type": "estop.commands.SliceAnswer"
        }
       ]
      },
      {
       "type": "record",
       "name": "SliceRecalled",
       "namespace": "estop.audit",
       "doc": "The home of a shared limit asks partitions for what they do not use.",
       "fields": [
        {
         "name": "kind",
         "type": "estop.commands.LimitKind"
        },
        {
         "name": "limitId",
         "type": "string"
        },
        {
         "name": "windowStart",
         "type": "long",
         "doc": "Start of the budget's window, ms; 0 for a lifetime and for rates."
        },
        {
         "name": "until",
         "type": "long",
         "doc": "Nobody waits for them any longer, ms."
        },
        {
         "name": "requester",
         "type": "int"
        },
        {
         "name": "partitions",
         "type": {
          "type": "array",
          "items": "int"
         }
        }
       ]
      },
      {
       "type": "record",
       "name": "SliceOffered",
       "namespace": "estop.audit",
       "doc": "Something is free again; partitions that went without are told.",
       "fields": [
        {
         "name": "kind",
         "type": "estop.commands.LimitKind"
        },
        {
         "name": "limitId",
         "type": "string"
        },
        {
         "name": "windowStart",
         "type": "long",
         "doc": "Start of the budget's window, ms; 0 for a lifetime and for rates."
        },
        {
         "name": "partitions",
         "type": {
          "type": "array",
          "items": "int"
         }
        }
       ]
      },
      {
       "type": "record",
       "name": "SliceOfferReceived",
       "namespace": "estop.audit",
       "doc": "The home of a shared limit has something again.",
       "fields": [
        {
         "name": "kind",
         "type": "estop.commands.LimitKind"
        },
        {
         "name": "limitId",
         "type": "string"
        },
        {
         "name": "windowStart",
         "type": "long",
         "doc": "Start of the budget's window, ms; 0 for a lifetime and for rates."
        }
       ]
      },
      {
       "type": "record",
       "name": "BreakerChanged",
       "namespace": "estop.audit",
       "doc": "An agent's breaker is in another state, or in the same one anew.",
       "fields": [
        {
         "name": "from",
         "type": {
          "type": "enum",
          "name": "BreakerState",
          "namespace": "estop.breakers",
          "doc": "closed lets through, step_up asks a person for every call above read, open denies, half_open lets probes through.",
          "symbols": [
           "closed",
           "step_up",
           "open",
           "half_open"
          ],
          "logicalType": "kebab"
         }
        },
        {
         "name": "to",
         "type": "estop.breakers.BreakerState"
        },
        {
         "name": "cause",
         "type": {
          "type": "enum",
          "name": "BreakerCause",
          "namespace": "estop.breakers",
          "doc": "Why a breaker changed; time_over: what was open is tried with probes, a step-up ends.",
          "symbols": [
           "tripped",
           "stepped_up",
           "time_over",
           "kill_lifted",
           "probe_failed",
           "probes_passed",
           "rearmed"
          ],
          "logicalType": "kebab"
         }
        },
        {
         "name": "until",
         "type": [
          "null",
          "long"
         ],
         "doc": "When the state ends by itself, ms; null: it does not.",
         "default": null
        },
        {
         "name": "opens",
         "type": "int",
         "doc": "How often it opened lately, with this time."
        },
        {
         "name": "signal",
         "type": [
          "null",
          "string"
         ],
         "doc": "What saw it.",
         "default": null
        },
        {
         "name": "explanation",
         "type": "string",
         "doc": "One sentence for people."
        },
        {
         "name": "evidence",
         "type": [
          "null",
          "string"
         ],
         "doc": "What the signal rests on, as its service says it.",
         "default": null
        },
        {
         "name": "proposesKill",
         "type": "boolean",
         "doc": "Whoever tripped it proposes a kill.",
         "default": false
        }
       ]
      }
     ]
    }
   }
  ]
 },
 "decisions.v1": {
  "type": "record",
  "name": "Decision",
  "namespace": "estop.decisions",
  "doc": "A decision, provable by its audit record. Key: the agent id. Written again when a pending one becomes final.",
  "fields": [
   {
    "name": "intentId",
    "type": "string"
   },
   {
    "name": "agentId",
    "type": "string"
   },
   {
    "name": "sessionId",
    "type": [
     "null",
     "string"
    ],
    "default": null
   },
   {
    "name": "tool",
    "type": "string"
   },
   {
    "name": "tier",
    "type": {
     "type": "enum",
     "name": "Tier",
     "namespace": "estop.audit",
     "doc": "The trust gradient.",
     "symbols": [
      "read",
      "write",
      "destructive",
      "financial"
     ],
     "logicalType": "kebab",
     "default": "destructive"
    }
   },
   {
    "name": "point",
    "type": [
     "null",
     "string"
    ],
    "doc": "The enforcement point that may run the call; null: none was named.",
    "default": null
   },
   {
    "name": "decision",
    "type": {
     "type": "enum",
     "name": "Verdict",
     "namespace": "estop.decisions",
     "doc": "What was decided.",
     "symbols": [
      "allow",
      "deny",
      "needs_approval"
     ],
     "logicalType": "kebab"
    }
   },
   {
    "name": "reason",
    "type": {
     "type": "enum",
     "name": "Reason",
     "namespace": "estop.decisions",
     "doc": "Why.",
     "symbols": [
      "permitted",
      "approved",
      "halted",
      "agent_unknown",
      "agent_suspended",
      "breaker_open",
      "not_permitted",
      "forbidden",
      "invalid_arguments",
      "invalid_intent",
      "rate_limited",
      "budget_exhausted",
      "approval_rejected",
      "approval_expired",
      "timed_out",
      "policy_error",
      "approval_required",
      "step_up"
     ],
     "logicalType": "kebab",
     "default": "policy_error"
    }
   },
   {
    "name": "message",
    "type": "string"
   },
   {
    "name": "rules",
    "type": {
     "type": "array",
     "items": "string"
    }
   },
   {
    "name": "policyHash",
    "type": [
     "null",
     "string"
    ],
    "default": null
   },
   {
    "name": "digest",
    "type": "string"
   },
   {
    "name": "at",
    "type": "long"
   },
   {
    "name": "record",
    "type": {
     "type": "record",
     "name": "RecordPosition",
     "namespace": "estop.decisions",
     "doc": "Where in audit.v1 it is written.",
     "fields": [
      {
       "name": "partition",
       "type": "int"
      },
      {
       "name": "offset",
       "type": "long"
      }
     ]
    }
   },
   {
    "name": "approval",
    "type": [
     "null",
     {
      "type": "record",
      "name": "ApprovalState",
      "namespace": "estop.decisions",
      "doc": "The approval it waits for, or waited for.",
      "fields": [
       {
        "name": "id",
        "type": "string"
       },
       {
        "name": "expiresAt",
        "type": "long"
       },
       {
        "name": "quorum",
        "type": "int"
       },
       {
        "name": "approvers",
        "type": {
         "type": "array",
         "items": "string"
        }
       },
       {
        "name": "approvedBy",
        "type": {
         "type": "array",
         "items": "string"
        }
       },
       {
        "name": "severity",
        "type": [
         "null",
         "string"
        ],
        "default": null
       }
      ]
     }
    ],
    "default": null
   },
   {
    "name": "retryAfterMs",
    "type": [
     "null",
     "long"
    ],
    "default": null
   },
   {
    "name": "expiresAt",
    "type": [
     "null",
     "long"
    ],
    "doc": "Until when an allow holds unsettled amounts, or an approval waits, ms.",
    "default": null
   },
   {
    "name": "limits",
    "type": {
     "type": "array",
     "items": {
      "type": "record",
      "name": "LimitState",
      "namespace": "estop.decisions",
      "doc": "What is left of one limit after this decision.",
      "fields": [
       {
        "name": "id",
        "type": "string"
       },
       {
        "name": "unit",
        "type": "string",
        "doc": "calls, tokens or microUsd."
       },
       {
        "name": "remaining",
        "type": "long"
       }
      ]
     }
    }
   }
  ]
 },
 "agents.v1": {
  "type": "record",
  "name": "AgentView",
  "namespace": "estop.agents",
  "doc": "The newest state of one agent or person, or one partition's part of a shared limit. Key: the subject. A projection of audit.v1.",
  "fields": [
   {
    "name": "subject",
    "type": "string"
   },
   {
    "name": "at",
    "type": "long"
   },
   {
    "name": "record",
    "type": {
     "type": "record",
     "name": "RecordPosition",
     "namespace": "estop.decisions",
     "doc": "Where in audit.v1 it is written.",
     "fields": [
      {
       "name": "partition",
       "type": "int"
      },
      {
       "name": "offset",
       "type": "long"
      }
     ]
    }
   },
   {
    "name": "suspended",
    "type": "boolean"
   },
   {
    "name": "allowed",
    "type": "long"
   },
   {
    "name": "denied",
    "type": "long"
   },
   {
    "name": "credentials",
    "type": {
     "type": "array",
     "items": {
      "type": "record",
      "name": "CredentialView",
      "namespace": "estop.agents",
      "doc": "A credential that proves this identity.",
      "fields": [
       {
        "name": "credentialId",
        "type": "string"
       },
       {
        "name": "kind",
        "type": {
         "type": "enum",
         "name": "CredentialKind",
         "namespace": "estop.commands",
         "doc": "How an identity proves itself.",
         "symbols": [
          "api_key",
          "ed25519"
         ],
         "logicalType": "kebab"
        }
       },
       {
        "name": "secretHash",
        "type": [
         "null",
         "string"
        ],
        "default": null
       },
       {
        "name": "publicKey",
        "type": [
         "null",
         "string"
        ],
        "default": null
       },
       {
        "name": "issuedAt",
        "type": "long"
       }
      ]
     }
    }
   },
   {
    "name": "budgets",
    "type": {
     "type": "array",
     "items": {
      "type": "record",
      "name": "BudgetView",
      "namespace": "estop.agents",
      "doc": "A budget in its current window.",
      "fields": [
       {
        "name": "budgetId",
        "type": "string"
       },
       {
        "name": "unit",
        "type": "string"
       },
       {
        "name": "window",
        "type": "string"
       },
       {
        "name": "windowStart",
        "type": "long"
       },
       {
        "name": "ceiling",
        "type": "long"
       },
       {
        "name": "spent",
        "type": "long"
       },
       {
        "name": "reserved",
        "type": "long"
       }
      ]
     }
    }
   },
   {
    "name": "rates",
    "type": {
     "type": "array",
     "items": {
      "type": "record",
      "name": "RateView",
      "namespace": "estop.agents",
      "doc": "A sliding window.",
      "fields": [
       {
        "name": "rateId",
        "type": "string"
       },
       {
        "name": "windowMs",
        "type": "long"
       },
       {
        "name": "limit",
        "type": "long"
       },
       {
        "name": "used",
        "type": "long"
       }
      ]
     }
    }
   },
   {
    "name": "lastActions",
    "type": {
     "type": "array",
     "items": {
      "type": "record",
      "name": "ActionView",
      "namespace": "estop.agents",
      "doc": "One of the last actions.",
      "fields": [
       {
        "name": "intentId",
        "type": "string"
       },
       {
        "name": "tool",
        "type": "string"
       },
       {
        "name": "decision",
        "type": {
         "type": "enum",
         "name": "Verdict",
         "namespace": "estop.decisions",
         "doc": "What was decided.",
         "symbols": [
          "allow",
          "deny",
          "needs_approval"
         ],
         "logicalType": "kebab"
        }
       },
       {
        "name": "reason",
        "type": {
         "type": "enum",
         "name": "Reason",
         "namespace": "estop.decisions",
         "doc": "Why.",
         "symbols": [
          "permitted",
          "approved",
          "halted",
          "agent_unknown",
          "agent_suspended",
          "breaker_open",
          "not_permitted",
          "forbidden",
          "invalid_arguments",
          "invalid_intent",
          "rate_limited",
          "budget_exhausted",
          "approval_rejected",
          "approval_expired",
          "timed_out",
          "policy_error",
          "approval_required",
          "step_up"
         ],
         "logicalType": "kebab",
         "default": "policy_error"
        }
       },
       {
        "name": "at",
        "type": "long"
       }
      ]
     }
    }
   },
   {
    "name": "pendingTotal",
    "type": "long",
    "doc": "Intents that wait; `pending` shows at most 100 of them.",
    "default": 0
   },
   {
    "name": "pending",
    "type": {
     "type": "array",
     "items": {
      "type": "record",
      "name": "PendingView",
      "namespace": "estop.agents",
      "doc": "An intent that waits for people.",
      "fields": [
       {
        "name": "decision",
        "type": {
         "type": "record",
         "name": "Decision",
         "namespace": "estop.decisions",
         "doc": "A decision, provable by its audit record. Key: the agent id. Written again when a pending one becomes final.",
         "fields": [
          {
           "name": "intentId",
           "type": "string"
          },
          {
           "name": "agentId",
           "type": "string"
          },
          {
           "name": "sessionId",
           "type": [
            "null",
            "string"
           ],
           "default": null
          },
          {
           "name": "tool",
           "type": "string"
          },
          {
           "name": "tier",
           "type": {
            "type": "enum",
            "name": "Tier",
            "namespace": "estop.audit",
            "doc": "The trust gradient.",
            "symbols": [
             "read",
             "write",
             "destructive",
             "financial"
            ],
            "logicalType": "kebab",
            "default": "destructive"
           }
          },
          {
           "name": "point",
           "type": [
            "null",
            "string"
           ],
           "doc": "The enforcement point that may run the call; null: none was named.",
           "default": null
          },
          {
           "name": "decision",
           "type": "estop.decisions.Verdict"
          },
          {
           "name": "reason",
           "type": "estop.decisions.Reason"
          },
          {
           "name": "message",
           "type": "string"
          },
          {
           "name": "rules",
           "type": {
            "type": "array",
            "items": "string"
           }
          },
          {
           "name": "policyHash",
           "type": [
            "null",
            "string"
           ],
           "default": null
          },
          {
           "name": "digest",
           "type": "string"
          },
          {
           "name": "at",
           "type": "long"
          },
          {
           "name": "record",
           "type": "estop.decisions.RecordPosition"
          },
          {
           "name": "approval",
           "type": [
            "null",
            {
             "type": "record",
             "name": "ApprovalState",
             "namespace": "estop.decisions",
             "doc": "The approval it waits for, or waited for.",
             "fields": [
              {
               "name": "id",
               "type": "string"
              },
              {
               "name": "expiresAt",
               "type": "long"
              },
              {
               "name": "quorum",
               "type": "int"
              },
              {
               "name": "approvers",
               "type": {
                "type": "array",
                "items": "string"
               }
              },
              {
               "name": "approvedBy",
               "type": {
                "type": "array",
                "items": "string"
               }
              },
              {
               "name": "severity",
               "type": [
                "null",
                "string"
               ],
               "default": null
              }
             ]
            }
           ],
           "default": null
          },
          {
           "name": "retryAfterMs",
           "type": [
            "null",
            "long"
           ],
           "default": null
          },
          {
           "name": "expiresAt",
           "type": [
            "null",
            "long"
           ],
           "doc": "Until when an allow holds unsettled amounts, or an approval waits, ms.",
           "default": null
          },
          {
           "name": "limits",
           "type": {
            "type": "array",
            "items": {
             "type": "record",
             "name": "LimitState",
             "namespace": "estop.decisions",
             "doc": "What is left of one limit after this decision.",
             "fields": [
              {
               "name": "id",
               "type": "string"
              },
              {
               "name": "unit",
               "type": "string",
               "doc": "calls, tokens or microUsd."
              },
              {
               "name": "remaining",
               "type": "long"
              }
             ]
            }
           }
          }
         ]
        }
       },
       {
        "name": "arguments",
        "type": "string",
        "doc": "RFC 8785 text, cut at 16 KiB."
       },
       {
        "name": "argumentsCut",
        "type": "boolean"
       },
       {
        "name": "intentReason",
        "type": [
         "null",
         "string"
        ],
        "default": null
       },
       {
        "name": "task",
        "type": [
         "null",
         "string"
        ],
        "default": null
       },
       {
        "name": "untrusted",
        "type": {
         "type": "array",
         "items": "string"
        },
        "doc": "JSON pointers of arguments whose value came only from tool output."
       }
      ]
     }
    }
   },
   {
    "name": "answers",
    "type": {
     "type": "array",
     "items": {
      "type": "record",
      "name": "AnswerView",
      "namespace": "estop.agents",
      "doc": "What became of a command.",
      "fields": [
       {
        "name": "commandId",
        "type": "string"
       },
       {
        "name": "code",
        "type": [
         "null",
         "string"
        ],
        "doc": "Null: carried out; else why not.",
        "default": null
       },
       {
        "name": "message",
        "type": "string"
       },
       {
        "name": "at",
        "type": "long"
       },
       {
        "name": "record",
        "type": "estop.decisions.RecordPosition"
       }
      ]
     }
    }
   },
   {
    "name": "sharedLimit",
    "type": [
     "null",
     {
      "type": "record",
      "name": "SharedLimitView",
      "namespace": "estop.agents",
      "doc": "One partition's part of a shared limit, in its current window.",
      "fields": [
       {
        "name": "kind",
        "type": {
         "type": "enum",
         "name": "LimitKind",
         "namespace": "estop.commands",
         "doc": "What a shared limit is.",
         "symbols": [
          "budget",
          "rate"
         ],
         "logicalType": "kebab"
        }
       },
       {
        "name": "limitId",
        "type": "string"
       },
       {
        "name": "unit",
        "type": "string"
       },
       {
        "name": "window",
        "type": "string"
       },
       {
        "name": "windowStart",
        "type": "long"
       },
       {
        "name": "spent",
        "type": "long",
        "doc": "Of a rate: calls in the window that the home knows of."
       },
       {
        "name": "reserved",
        "type": "long"
       },
       {
        "name": "inSlice",
        "type": "long",
        "doc": "Granted to this partition and neither spent nor reserved."
       },
       {
        "name": "home",
        "type": [
         "null",
         {
          "type": "record",
          "name": "LimitHomeView",
          "namespace": "estop.agents",
          "doc": "What only the home of a shared limit knows.",
          "fields": [
           {
            "name": "ceiling",
            "type": "long"
           },
           {
            "name": "free",
            "type": "long"
           },
           {
            "name": "inSlices",
            "type": "long",
            "doc": "Granted to partitions, spent or not; of a rate: not reported as used."
           }
          ]
         }
        ],
        "default": null
       }
      ]
     }
    ],
    "doc": "Only for the subject of a shared limit.",
    "default": null
   },
   {
    "name": "sharedLimits",
    "type": {
     "type": "array",
     "items": "string"
    },
    "doc": "Ids of the shared limits that can count its calls.",
    "default": []
   },
   {
    "name": "breaker",
    "type": [
     "null",
     {
      "type": "record",
      "name": "BreakerSeatView",
      "namespace": "estop.agents",
      "doc": "The breaker of an agent, as it decides.",
      "fields": [
       {
        "name": "mode",
        "type": {
         "type": "enum",
         "name": "BreakerState",
         "namespace": "estop.breakers",
         "doc": "closed lets through, step_up asks a person for every call above read, open denies, half_open lets probes through.",
         "symbols": [
          "closed",
          "step_up",
          "open",
          "half_open"
         ],
         "logicalType": "kebab"
        }
       },
       {
        "name": "since",
        "type": [
         "null",
         "long"
        ],
        "doc": "Null: closed since the beginning.",
        "default": null
       },
       {
        "name": "until",
        "type": [
         "null",
         "long"
        ],
        "doc": "When it ends by itself, ms; null: it does not.",
        "default": null
       },
       {
        "name": "opens",
        "type": "int",
        "doc": "How often it opened lately."
       },
       {
        "name": "probes",
        "type": "int",
        "doc": "Half-open: calls let through so far."
       },
       {
        "name": "passed",
        "type": "int",
        "doc": "Of these, how many went well."
       },
       {
        "name": "cause",
        "type": [
         "null",
         {
          "type": "enum",
          "name": "BreakerCause",
          "namespace": "estop.breakers",
          "doc": "Why a breaker changed; time_over: what was open is tried with probes, a step-up ends.",
          "symbols": [
           "tripped",
           "stepped_up",
           "time_over",
           "kill_lifted",
           "probe_failed",
           "probes_passed",
           "rearmed"
          ],
          "logicalType": "kebab"
         }
        ],
        "default": null
       },
       {
        "name": "signal",
        "type": [
         "null",
         "string"
        ],
        "default": null
       },
       {
        "name": "explanation",
        "type": [
         "null",
         "string"
        ],
        "default": null
       },
       {
        "name": "held",
        "type": "boolean",
        "doc": "It was open: destructive and financial calls wait until a person re-arms it.",
        "default": false
       },
       {
        "name": "proposesKill",
        "type": "boolean",
        "doc": "It opened so often that a kill is proposed.",
        "default": false
       }
      ]
     }
    ],
    "doc": "Only for the subject of an agent.",
    "default": null
   }
  ]
 },
 "breakers.v1": {
  "type": "record",
  "name": "BreakerView",
  "namespace": "estop.breakers",
  "doc": "What the breaker service knows of one agent, or how far a partition was read. A projection of audit.v1. Key: the subject.",
  "fields": [
   {
    "name": "subject",
    "type": "string",
    "doc": "An agent id, or /position."
   },
   {
    "name": "partition",
    "type": "int"
   },
   {
    "name": "offset",
    "type": "long",
    "doc": "What is below in the partition of audit.v1 is in it."
   },
   {
    "name": "at",
    "type": "long",
    "doc": "Time of the newest record in it, ms."
   },
   {
    "name": "seq",
    "type": "long",
    "doc": "Of /position: number of the audit record before it; else -1.",
    "default": -1
   },
   {
    "name": "head",
    "type": [
     "null",
     {
      "type": "fixed",
      "name": "Head",
      "namespace": "estop.breakers",
      "size": 32
     }
    ],
    "doc": "Of /position: SHA-256 of the audit record before it.",
    "default": null
   },
   {
    "name": "entries",
    "type": "int",
    "doc": "Of /position: agents of whom there is an entry.",
    "default": 0
   },
   {
    "name": "entriesHash",
    "type": [
     "null",
     "string"
    ],
    "doc": "Of /position: exclusive or of the SHA-256 of all entries, hex.",
    "default": null
   },
   {
    "name": "waiting",
    "type": "boolean",
    "doc": "Calls of the agent are under way: time alone may show something of it.",
    "default": false
   },
   {
    "name": "told",
    "type": [
     "null",
     "string"
    ],
    "doc": "JSON of the newest finding and of what was ordered for it.",
    "default": null
   },
   {
    "name": "state",
    "type": "bytes",
    "doc": "Deflated: windows, baselines, calls under way."
   }
  ]
 },
 "snapshots.v1": {
  "type": "record",
  "name": "Snapshot",
  "namespace": "estop.snapshots",
  "doc": "State of one agent, or the manifest of a partition, as of an audit position. A cache: rebuilt from audit.v1.",
  "fields": [
   {
    "name": "subject",
    "type": "string"
   },
   {
    "name": "partition",
    "type": "int"
   },
   {
    "name": "offset",
    "type": "long"
   },
   {
    "name": "head",
    "type": {
     "type": "fixed",
     "name": "Sha256",
     "namespace": "estop.snapshots",
     "size": 32
    }
   },
   {
    "name": "stateHash",
    "type": "string"
   },
   {
    "name": "state",
    "type": "bytes"
   }
  ]
 },
 "checkpoints.v1": {
  "type": "record",
  "name": "Checkpoint",
  "namespace": "estop.checkpoints",
  "doc": "A signed Merkle root over a partition of audit.v1. Key: the origin.",
  "fields": [
   {
    "name": "origin",
    "type": "string"
   },
   {
    "name": "size",
    "type": "long"
   },
   {
    "name": "root",
    "type": {
     "type": "fixed",
     "name": "Sha256",
     "namespace": "estop.checkpoints",
     "size": 32
    }
   },
   {
    "name": "note",
    "type": "string",
    "doc": "C2SP signed note."
   }
  ]
 },
 "dead-letters.v1": {
  "type": "record",
  "name": "DeadLetter",
  "namespace": "estop.deadletters",
  "doc": "An input that could not be taken. Key: where it stood.",
  "fields": [
   {
    "name": "topic",
    "type": "string"
   },
   {
    "name": "partition",
    "type": "int"
   },
   {
    "name": "offset",
    "type": "long"
   },
   {
    "name": "reason",
    "type": {
     "type": "enum",
     "name": "DeadLetterReason",
     "namespace": "estop.deadletters",
     "doc": "Why it was not decided.",
     "symbols": [
      "unauthenticated",
      "malformed",
      "unknown_schema",
      "too_large",
      "unknown_subject"
     ],
     "logicalType": "kebab",
     "default": "malformed"
    }
   },
   {
    "name": "detail",
    "type": "string"
   },
   {
    "name": "key",
    "type": [
     "null",
     "bytes"
    ],
    "default": null
   },
   {
    "name": "value",
    "type": "bytes",
    "doc": "Cut at 256 KiB."
   },
   {
    "name": "at",
    "type": "long"
   }
  ]
 }
};
