/*
 * One guest, two hosts, three voters: lease, claim, fence, restart, reboot, release (docs/protocol.md).
 *
 * Time is counted in ticks, and everything else happens in no time, in any order. A message that is late is one that is
 * handled late: answers to RENEW come at any `age` of the request, an ACCEPT that a crashed agent left on the wire sits in
 * `ghost`. Losing a message is never handling it. What must not happen is two hosts executing the guest.
 *
 *     ./check.sh            the protocol holds within bounds, three weakenings break it
 *
 * Weakenings: ACKTIME, NOQUAR, NOFENCE, VOLATILE, TOLDFIRST, EARLYINC, SHORT (D_A = T_fence), ONEACK (a lease from one voter).
 */
#define TF 2 /* T_fence: the holder's lease, from the sending */
#define K 1  /* after its end a host runs at most this long */
#ifdef SHORT
#define DA TF
#else
#define DA (TF + K + 1) /* D_A: one tick of clock resolution on top */
#endif

#ifndef MAXBAL
#define MAXBAL 2 /* claims of each host */
#endif
#ifndef MAXINC
#define MAXINC 2 /* incarnations of each host */
#endif
#ifndef CRASHES
#define CRASHES 1 /* agent restarts, voter restarts and reboots together */
#endif
#ifndef RELEASES
#define RELEASES 1
#endif

typedef Voter {
  byte lease[2]; /* ticks until this voter lets the host be fenced */
  byte linc[2];  /* newest incarnation granted */
  byte fenced[2];
  byte quarantine;
  byte promised;
  byte ballot; /* accepted */
  byte owner;  /* accepted: 0 nobody, else host + 1 */
  byte oinc
};
typedef Host {
  byte inc;
  byte valid; /* ticks of lease left */
  byte over;  /* ticks since it ended */
  bit runs;
  byte owned; /* durable: incarnation of the claim, 0 none */
  bit asking;
  byte age; /* ticks since the RENEW was sent */
  byte phase; /* 0 none, 1 prepare, 2 fence, 3 accept */
  bit releasing;
  byte bal;
  byte promises;
  byte fences;
  byte accepts;
  byte best;
  byte bowner;
  byte binc;
  byte ghost; /* ballot of an ACCEPT left on the wire */
  byte ginc;
  byte count
};
Voter V[3];
Host H[2];
byte crashes, releases;
byte h, v, o, m;

#define bit_(i) (1 << (i))
#define quorum(m) ((m) == 3 || (m) == 5 || (m) == 6 || (m) == 7)
#ifdef EARLYINC
#define isOff(x) true
#else
#define isOff(x) (!H[x].runs)
#endif
#define grants(i, x) (V[i].fenced[x] < H[x].inc && !(H[x].inc > V[i].linc[x] && V[i].linc[x] > 0 && (V[i].lease[x] > 0 || V[i].quarantine > 0)))
#define ok(i) (!(m & bit_(i)) || grants(i, h))
#define forall(x) (ok(0) && ok(1) && ok(2))
#define fencedAt(i, x, n) (V[i].fenced[x] >= (n))
#define fencedByMost(x, n) ((fencedAt(0, x, n) && fencedAt(1, x, n)) || (fencedAt(0, x, n) && fencedAt(2, x, n)) || (fencedAt(1, x, n) && fencedAt(2, x, n)))

inline forgetAttempt() {
  H[h].asking = 0; H[h].age = 0
}
inline endTry() {
  H[h].phase = 0; H[h].bal = 0; H[h].promises = 0; H[h].fences = 0; H[h].accepts = 0;
  H[h].best = 0; H[h].bowner = 0; H[h].binc = 0; H[h].releasing = 0
}
inline toAccept() { /* what is not needed any more is cleared: fewer states */
  H[h].phase = 3; H[h].promises = 0; H[h].fences = 0; H[h].best = 0; H[h].bowner = 0; H[h].binc = 0
}
inline beginTry(rel) {
  H[h].count++;
  H[h].phase = 1; H[h].bal = 2 * H[h].count + h; H[h].promises = 0; H[h].fences = 0; H[h].accepts = 0;
  H[h].best = 0; H[h].bowner = 0; H[h].binc = 0; H[h].releasing = rel
}
inline tick() {
  for (h : 0 .. 1) {
    if
    :: H[h].valid > 0 -> H[h].valid--
    :: H[h].valid == 0 && H[h].runs -> H[h].over++
    :: else -> skip
    fi;
    if
    :: H[h].asking && H[h].age < TF -> H[h].age++
    :: else -> skip
    fi;
    if /* an attempt older than T_fence is worth nothing */
    :: H[h].age == TF -> forgetAttempt()
    :: else -> skip
    fi
  }
  for (v : 0 .. 2) {
    for (h : 0 .. 1) {
      if
      :: V[v].lease[h] > 0 -> V[v].lease[h]--
      :: else -> skip
      fi
    }
    if
    :: V[v].quarantine > 0 -> V[v].quarantine--
    :: else -> skip
    fi
  }
}

init {
  d_step {
    H[0].inc = 1; H[1].inc = 1;
#ifdef WARM /* host 0 has just claimed and renewed: a reachable state from which a search gets further */
    H[0].valid = TF; H[0].owned = 1; H[0].runs = 1; H[0].count = 1;
    for (v : 0 .. 2) {
      V[v].lease[0] = DA; V[v].linc[0] = 1; V[v].promised = 2; V[v].ballot = 2; V[v].owner = 1; V[v].oinc = 1
    }
    v = 0
#endif
  }
  do
  /* Time passes, unless a host would run on past K: the dead-man does not let it. */
  :: d_step { !(H[0].runs && H[0].valid == 0 && H[0].over >= K) && !(H[1].runs && H[1].valid == 0 && H[1].over >= K) ->
       tick(); h = 0; v = 0 }
  :: atomic {
       if :: h = 0 :: h = 1 fi;
       if
       /* RENEW reaches the voters in `m` at once: late, or at fewer than a majority, it would only hold voters longer. */
       :: !H[h].asking && H[h].valid < TF -> atomic {
            if :: m = 7 :: m = 3 :: m = 5 :: m = 6
#ifdef ONEACK
            :: m = 1 :: m = 2 :: m = 4
#endif
            fi;
            d_step {
              if
              :: forall(m) ->
                 for (v : 0 .. 2) {
                   if
                   :: (m & bit_(v)) ->
                      if :: H[h].inc > V[v].linc[h] -> V[v].linc[h] = H[h].inc; V[v].fenced[h] = H[h].inc - 1 :: else -> skip fi;
                      V[v].lease[h] = DA
                   :: else -> skip
                   fi
                 }
                 H[h].asking = 1; H[h].age = 0
              :: else -> skip
              fi;
              v = 0; m = 0 } }
       /* The answers of that majority are in, early or late, or never. */
       :: H[h].asking -> d_step {
#ifdef ACKTIME
            H[h].valid = TF; H[h].over = 0;
#else
            if :: TF - H[h].age > H[h].valid -> H[h].valid = TF - H[h].age; H[h].over = 0 :: else -> skip fi;
#endif
            forgetAttempt() }
       /* Claim. */
       :: H[h].phase == 0 && H[h].valid > 0 && H[h].owned == 0 && H[h].count < MAXBAL -> d_step { beginTry(0) }
       :: H[h].phase == 1 && quorum(H[h].promises) -> d_step {
            if
            :: H[h].releasing && H[h].bowner == h + 1 -> toAccept()
            :: H[h].releasing && H[h].bowner != h + 1 -> endTry()
#ifdef NOFENCE
            :: !H[h].releasing -> toAccept()
#else
            :: !H[h].releasing && (H[h].bowner == 0 || (H[h].bowner == h + 1 && H[h].binc == H[h].inc)) -> toAccept()
            :: !H[h].releasing && H[h].bowner != 0 && !(H[h].bowner == h + 1 && H[h].binc == H[h].inc) -> H[h].phase = 2; H[h].promises = 0; H[h].best = 0
#endif
            fi }
       :: H[h].phase == 2 && quorum(H[h].fences) -> d_step { toAccept() }
       :: H[h].phase == 3 && quorum(H[h].accepts) -> d_step {
            if
            :: H[h].releasing -> H[h].owned = 0
            :: else -> H[h].owned = H[h].inc
            fi; endTry() }
       /* Start, and resume: owned under this incarnation, and a lease. */
       :: !H[h].runs && H[h].valid > 0 && H[h].owned == H[h].inc && !H[h].releasing -> d_step {
            H[h].runs = 1; H[h].over = 0; assert(!(H[0].runs && H[1].runs)) }
       /* The dead-man, or anybody, stops it. */
       :: H[h].runs && H[h].valid == 0 -> d_step { H[h].runs = 0; H[h].over = 0 }
       /* Release: stopped, forgotten, and only then told. */
       :: H[h].runs && H[h].phase == 0 && releases < RELEASES && H[h].count < MAXBAL -> d_step {
            releases++; H[h].runs = 0; H[h].over = 0;
#ifndef TOLDFIRST
            H[h].owned = 0;
#endif
            beginTry(1) }
       /* Fenced by a majority: off, then the next incarnation. */
       :: H[h].inc < MAXINC && fencedByMost(h, H[h].inc) && isOff(h) -> d_step { H[h].inc++; H[h].owned = 0; H[h].valid = 0; forgetAttempt(); endTry() }
       /* The agent restarts: tries and attempts are lost, the guest and the dead-man's deadline stay. */
       :: crashes < CRASHES -> d_step {
            crashes++;
            if :: H[h].phase == 3 && !H[h].releasing -> H[h].ghost = H[h].bal; H[h].ginc = H[h].inc :: else -> skip fi;
            forgetAttempt(); endTry() }
       /* The host reboots. */
       :: crashes < CRASHES && H[h].inc < MAXINC -> d_step {
            crashes++;
            if :: H[h].phase == 3 && !H[h].releasing -> H[h].ghost = H[h].bal; H[h].ginc = H[h].inc :: else -> skip fi;
            H[h].runs = 0; H[h].over = 0; H[h].valid = 0; H[h].owned = 0; H[h].inc++; forgetAttempt(); endTry() }
       :: else -> skip
       fi; h = 0 }
  :: atomic {
       if :: h = 0 :: h = 1 fi;
       if :: v = 0 :: v = 1 :: v = 2 fi;
       if
       :: H[h].phase == 1 && !(H[h].promises & bit_(v)) && H[h].bal >= V[v].promised -> d_step {
            V[v].promised = H[h].bal; H[h].promises = H[h].promises | bit_(v);
            if :: V[v].ballot > H[h].best -> H[h].best = V[v].ballot; H[h].bowner = V[v].owner; H[h].binc = V[v].oinc :: else -> skip fi }
       /* FENCE: refused while the lease is live here, and in quarantine. */
       :: H[h].phase == 2 && !(H[h].fences & bit_(v)) -> d_step {
            o = H[h].bowner - 1;
            if
            :: V[v].fenced[o] >= H[h].binc -> H[h].fences = H[h].fences | bit_(v)
            :: V[v].fenced[o] < H[h].binc && V[v].lease[o] == 0 && V[v].quarantine == 0 ->
               V[v].fenced[o] = H[h].binc; H[h].fences = H[h].fences | bit_(v)
            :: else -> skip
            fi; o = 0 }
       :: H[h].phase == 3 && !(H[h].accepts & bit_(v)) && H[h].bal >= V[v].promised -> d_step {
            V[v].promised = H[h].bal; V[v].ballot = H[h].bal;
            if :: H[h].releasing -> V[v].owner = 0; V[v].oinc = 0 :: else -> V[v].owner = h + 1; V[v].oinc = H[h].inc fi;
            H[h].accepts = H[h].accepts | bit_(v) }
       /* An ACCEPT of an agent that is gone arrives. */
       :: H[h].ghost > 0 && H[h].ghost >= V[v].promised && V[v].ballot < H[h].ghost -> d_step {
            V[v].promised = H[h].ghost; V[v].ballot = H[h].ghost; V[v].owner = h + 1; V[v].oinc = H[h].ginc }
       /* A voter restarts: leases are forgotten, a quarantine makes up for them. */
       :: crashes < CRASHES -> d_step {
            crashes++; V[v].lease[0] = 0; V[v].lease[1] = 0;
#ifdef VOLATILE
            V[v].promised = 0; V[v].ballot = 0; V[v].owner = 0; V[v].oinc = 0;
#endif
#ifndef NOQUAR
            V[v].quarantine = DA
#endif
            }
       :: else -> skip
       fi; h = 0; v = 0 }
  od
}
