-- Up Migration

-- No statistics of columns that nothing is searched or sorted by. Comparing JSON took most of an analysis (1.2 to 1.6 s for
-- 50,000 attempts, 0.3 s without), and under load there is one every ten to twenty seconds.
alter table inbox alter body set statistics 0;
alter table attempt alter detail set statistics 0, alter summary set statistics 0;
alter table link alter base set statistics 0, alter shown set statistics 0,
  alter conflicts set statistics 0, alter resolutions set statistics 0;
alter table intent alter entered set statistics 0;
alter table lane alter hints set statistics 0, alter failure set statistics 0, alter facts set statistics 0;

-- Down Migration
-- Forward only.
