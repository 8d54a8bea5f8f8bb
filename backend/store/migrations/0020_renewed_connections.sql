-- Up Migration

-- When a connection was last saved or resumed: what was refused to a run that had begun before says nothing of the
-- credentials that hold since.
alter table connection add column renewed_at timestamptz not null default '-infinity';

-- As before, with how long the run has lasted; null: not a run. Null when the word came too late to count.
create function note_connection(t int, c text, happened text, why text, delay_ms float, ran_ms float) returns text
language plpgsql security definer set search_path = public as $$
begin
  if happened = 'unauthorized' and ran_ms is not null and exists (
    select from connection k where k.tenant = t and k.id = c
      and k.renewed_at > clock_timestamp() - make_interval(secs => ran_ms / 1000.0)
  ) then
    return null;
  end if;
  return note_connection(t, c, happened, why, delay_ms);
end $$;
grant execute on function note_connection(int, text, text, text, float, float) to tandem_app;

-- Down Migration
-- Forward only.
