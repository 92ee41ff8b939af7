"""A synthetic bulk-commodity industry whose truth is known.

A chain of steel (mills, trading firms, warehouses, service centres, carriers, buyers, a bank and a
platform) is lived as a river of stations, each fed by the departures of the one before. The
platform rolls interventions out to firms. All chance is keyed by object and purpose, so the same
world lived again with something switched off differs only by what that something caused.

``spec`` says which world; ``run.run_world`` lives it and gives ``records.Records``;
``truth.truth_of`` lives it again with each intervention off. Firms are invented.
"""
