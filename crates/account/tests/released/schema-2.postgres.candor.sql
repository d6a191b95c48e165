--
-- PostgreSQL database dump
--

\restrict j7ZoonoYw5JtiQtsBKPXGFLMOm9rJFNGi1qfQXWCwFiWFtVUnEFcl2PEdDF0a8t

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: acceptance; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.acceptance (
    member bytea NOT NULL,
    digest bytea NOT NULL,
    "time" bytea NOT NULL
);
ALTER TABLE ONLY public.acceptance ALTER COLUMN member SET STATISTICS 0;
ALTER TABLE ONLY public.acceptance ALTER COLUMN digest SET STATISTICS 0;
ALTER TABLE ONLY public.acceptance ALTER COLUMN "time" SET STATISTICS 0;


--
-- Name: credential; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.credential (
    member bytea NOT NULL,
    password bytea NOT NULL,
    recovery bytea NOT NULL
);
ALTER TABLE ONLY public.credential ALTER COLUMN member SET STATISTICS 0;
ALTER TABLE ONLY public.credential ALTER COLUMN password SET STATISTICS 0;
ALTER TABLE ONLY public.credential ALTER COLUMN recovery SET STATISTICS 0;


--
-- Name: declared_field; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.declared_field (
    field text NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE ONLY public.declared_field ALTER COLUMN field SET STATISTICS 0;


--
-- Name: device; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.device (
    id bytea NOT NULL,
    member bytea NOT NULL,
    label bytea NOT NULL,
    public_key bytea NOT NULL,
    public_key_index bytea NOT NULL,
    psk bytea NOT NULL
);
ALTER TABLE ONLY public.device ALTER COLUMN id SET STATISTICS 0;
ALTER TABLE ONLY public.device ALTER COLUMN member SET STATISTICS 0;
ALTER TABLE ONLY public.device ALTER COLUMN label SET STATISTICS 0;
ALTER TABLE ONLY public.device ALTER COLUMN public_key SET STATISTICS 0;
ALTER TABLE ONLY public.device ALTER COLUMN public_key_index SET STATISTICS 0;
ALTER TABLE ONLY public.device ALTER COLUMN psk SET STATISTICS 0;


--
-- Name: held; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.held (
    subject bytea NOT NULL,
    field text NOT NULL COLLATE pg_catalog."C",
    value bytea NOT NULL,
    origin bigint NOT NULL,
    collected_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
ALTER TABLE ONLY public.held ALTER COLUMN subject SET STATISTICS 0;
ALTER TABLE ONLY public.held ALTER COLUMN field SET STATISTICS 0;
ALTER TABLE ONLY public.held ALTER COLUMN value SET STATISTICS 0;
ALTER TABLE ONLY public.held ALTER COLUMN origin SET STATISTICS 0;
ALTER TABLE ONLY public.held ALTER COLUMN collected_at SET STATISTICS 0;
ALTER TABLE ONLY public.held ALTER COLUMN expires_at SET STATISTICS 0;


--
-- Name: held_lookup; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.held_lookup (
    field text NOT NULL COLLATE pg_catalog."C",
    lookup bytea NOT NULL,
    subject bytea NOT NULL
);
ALTER TABLE ONLY public.held_lookup ALTER COLUMN field SET STATISTICS 0;
ALTER TABLE ONLY public.held_lookup ALTER COLUMN lookup SET STATISTICS 0;
ALTER TABLE ONLY public.held_lookup ALTER COLUMN subject SET STATISTICS 0;


--
-- Name: instance; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.instance (
    tag bytea NOT NULL
);
ALTER TABLE ONLY public.instance ALTER COLUMN tag SET STATISTICS 0;


--
-- Name: mark; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.mark (
    name text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL
);
ALTER TABLE ONLY public.mark ALTER COLUMN name SET STATISTICS 0;
ALTER TABLE ONLY public.mark ALTER COLUMN number SET STATISTICS 0;


--
-- Name: member; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.member (
    member bytea NOT NULL,
    joined bytea NOT NULL
);
ALTER TABLE ONLY public.member ALTER COLUMN member SET STATISTICS 0;
ALTER TABLE ONLY public.member ALTER COLUMN joined SET STATISTICS 0;


--
-- Name: member_tariff; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.member_tariff (
    member bytea NOT NULL,
    tariff bytea NOT NULL
);
ALTER TABLE ONLY public.member_tariff ALTER COLUMN member SET STATISTICS 0;
ALTER TABLE ONLY public.member_tariff ALTER COLUMN tariff SET STATISTICS 0;


--
-- Name: session; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.session (
    id bytea NOT NULL,
    member bytea NOT NULL,
    hash bytea NOT NULL,
    hash_index bytea NOT NULL,
    expires_at bigint NOT NULL
);
ALTER TABLE ONLY public.session ALTER COLUMN id SET STATISTICS 0;
ALTER TABLE ONLY public.session ALTER COLUMN member SET STATISTICS 0;
ALTER TABLE ONLY public.session ALTER COLUMN hash SET STATISTICS 0;
ALTER TABLE ONLY public.session ALTER COLUMN hash_index SET STATISTICS 0;
ALTER TABLE ONLY public.session ALTER COLUMN expires_at SET STATISTICS 0;


--
-- Name: staff; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.staff (
    member bytea NOT NULL,
    role bytea NOT NULL
);
ALTER TABLE ONLY public.staff ALTER COLUMN member SET STATISTICS 0;
ALTER TABLE ONLY public.staff ALTER COLUMN role SET STATISTICS 0;


--
-- Name: subject; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.subject (
    id bytea NOT NULL
);
ALTER TABLE ONLY public.subject ALTER COLUMN id SET STATISTICS 0;


--
-- Name: tombstone; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.tombstone (
    subject_tag bytea NOT NULL,
    done bigint NOT NULL,
    expires_at bigint NOT NULL
);
ALTER TABLE ONLY public.tombstone ALTER COLUMN subject_tag SET STATISTICS 0;
ALTER TABLE ONLY public.tombstone ALTER COLUMN done SET STATISTICS 0;
ALTER TABLE ONLY public.tombstone ALTER COLUMN expires_at SET STATISTICS 0;


--
-- Name: usage; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.usage (
    member bytea NOT NULL,
    day bigint NOT NULL,
    up bigint NOT NULL,
    down bigint NOT NULL,
    expires_at bigint NOT NULL
);
ALTER TABLE ONLY public.usage ALTER COLUMN member SET STATISTICS 0;
ALTER TABLE ONLY public.usage ALTER COLUMN day SET STATISTICS 0;
ALTER TABLE ONLY public.usage ALTER COLUMN up SET STATISTICS 0;
ALTER TABLE ONLY public.usage ALTER COLUMN down SET STATISTICS 0;
ALTER TABLE ONLY public.usage ALTER COLUMN expires_at SET STATISTICS 0;


--
-- Data for Name: acceptance; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.acceptance (member, digest, "time") FROM stdin;
\\x220950ab0a1df71daac2c89ac2209e94	\\x20f5d8a1355862ac32426f9de23e2787b7d92df106857ab64feab64e4b4058060b56baf715690db8d2f497188f7bfbd662f61702ec771b61d5ef8290825803b3cebde06b52ef2c98263761bbac864c6309c06ba816381de41abdc158	\\x1dab815d0a1219450c67dd9560cd759e337199893cf08061cbd12301b92bd13b064d5535
\\xf0332f11824e5acd2e9479aaca9b5ecf	\\xcc64e0217e1b25c6f6daf2b8082cd854e4da3cde1e71b5f365d77e8333fdb0f96e4261dc4f138f8d39f9d570042c094d19d25e21fcd62d30aa0c09cf6e38669e67ea14a55f907fe87c6aa48b45f1853653daccfd5cac2d5aaa4edf89	\\xb56187b34414fceeb50b2b0e334fb516460d3eee21b534883122bd57d823de48cd876b73
\.


--
-- Data for Name: credential; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.credential (member, password, recovery) FROM stdin;
\\x220950ab0a1df71daac2c89ac2209e94	\\xa3f4bdceba55d735785ab0149c7b1473642a95c02753693a0fea7668a76e4b157a906105049ffd0d2ab92fabf291ff19da0673c7c851b9cde1456530b812d5ed2fc7ab79d50dfad2d5d8c6d803039b3eb260870063ea58667d3e9bb6fdceb435c0fb6af9e2aa15e7d06671fb7b6ce57d24829f5324982ce51941bc876a	\\x9ce5eeaf1b8ca32dee29c7eb186e92f9f44d8eb892a7b2504d27f82523a6312694ac7619d9417c9f0df58489a6921eaab6aca646735cbd21df4fddd02ff8fc3fb62c822bea28b90a5a5e3859191125bc1df06789b1d4d372c40435b224d912c7b298e04f178e1cde260cb5fd938b1d4c8171432389e6ca0b934c5c5c88
\\xf0332f11824e5acd2e9479aaca9b5ecf	\\x602a9b9b5e3da7c06b430c289bd2359a6c40f23ba86421036d657bde043913d4f73cdbcdaafe61f97564c87fb21d2739b102c64f2d7606e7fed7a35b18e0fe206cf20aacf28d9dd12f1312cb702f6f3f45fd844063f98744435356604d7e0ba6e29702d1f6cb8e886271a1624569669254622dbd1b9422cb4abdfcfaec	\\x5162370075341e82912497028b5a3fb9e91a2e3160e74125a2c2c341dd2ad9b26f829917f119fcd0d13794d5a63a882365d64cc5a4c3d3132f205962629697919d43d0d66fb36ce62a1fd8aadf6d01847688f209f2ab6e5ffea35976edfc044a7632345a8fb2d131b8e1d2d0e33c76941e218075dda0dbce883d879ef6
\.


--
-- Data for Name: declared_field; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.declared_field (field) FROM stdin;
accepted.digest
accepted.time
device.key
device.label
device.psk
email
joined.day
password.hash
recovery.hash
session.hash
staff.role
tariff
usage.bytes
usage.day
\.


--
-- Data for Name: device; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.device (id, member, label, public_key, public_key_index, psk) FROM stdin;
\\xa9cc9cbbe84c9396272e7ca099006c41	\\x220950ab0a1df71daac2c89ac2209e94	\\x32012da7027109dae7b1b664922184a97f7926e8f6b895406cff68f58ce9660c3485	\\xe011e53da95046eee9ce8999391e9019d0d645e98e9ef439f39d41f8fc326a2c60ce00a0dd59bd01d7f9cbcb537fe4e83272bb1e0076dd123e18070d	\\x51670159c2f668c3871f8c4bd3ade8d0d6cef73adc82d178162c4b622411ef78	\\x105f69c74a88bb17fb7c3ccad4a3f916abb37fc6e91d773e8056ea49ac82215f7c0ae323944f73e995cfc87ad8f7bdbe446f2b3c46219669dd0ee24e
\.


--
-- Data for Name: held; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.held (subject, field, value, origin, collected_at, expires_at) FROM stdin;
\\x220950ab0a1df71daac2c89ac2209e94	email	\\xd168d6fbc64de764edefa35d8809f8c9dc1c5dfdfb910c3105f28203164cff18cb9b95d207557645bfea9d	1	1795325927499385	9223372036854775807
\\xf0332f11824e5acd2e9479aaca9b5ecf	email	\\xf8b24cc5ca9ff2321e7972f40afea45617db75a0be2709380a54b4d3fe4875177966ef342d5a5cb81add4bee70	1	1795325926311902	9223372036854775807
\.


--
-- Data for Name: held_lookup; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.held_lookup (field, lookup, subject) FROM stdin;
email	\\x24bb1cc9c8cfa9a246221ec2607fd3cddd1568141c30018ba0ab53389c876909	\\x220950ab0a1df71daac2c89ac2209e94
email	\\xab3e1169d21f8b76a99fd3f43d9b304826d14e86837133e8cdd5e78b5aa92d21	\\xf0332f11824e5acd2e9479aaca9b5ecf
\.


--
-- Data for Name: instance; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.instance (tag) FROM stdin;
\\xff248f43d723036db961da12dc8de41827d4de52c5d92165ccc734b2eb2ec4d4
\.


--
-- Data for Name: mark; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.mark (name, number) FROM stdin;
commits	1
schema	2
\.


--
-- Data for Name: member; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.member (member, joined) FROM stdin;
\\x220950ab0a1df71daac2c89ac2209e94	\\x742d65d52c7344464a529861c070d81ab1a97e080f813a2be24914992ac7d377478a4f66
\\xf0332f11824e5acd2e9479aaca9b5ecf	\\xe33ffe690fd664557b80e87e34bfacf1083862f2de22414bf7956e3ebed9e771b60365d7
\.


--
-- Data for Name: member_tariff; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.member_tariff (member, tariff) FROM stdin;
\.


--
-- Data for Name: session; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.session (id, member, hash, hash_index, expires_at) FROM stdin;
\\x37bf641d878bd0b019f6f247a1db9b01	\\x220950ab0a1df71daac2c89ac2209e94	\\xd4266924ff011ba7cccd8f8f4b2cc1ec2fa5f5092fd836dc5e1cda2b094247f54ea418cbaecb387633a331ee0eb97f963fca14ded22874647ec79648	\\x0bf09559e30d05dba528c8c2fda4f15293ed0e98988cc7a22b471f7c9dda5f65	1796535527499385
\\x48697c61bfcf7be931e016d28ca3c459	\\xf0332f11824e5acd2e9479aaca9b5ecf	\\xf261d0dd52164b2da9d2e3d2bc61ab0b4608efb9f131025a7ba5bc41150b0908b18976565fafddf664e843829c1933de8c8fb49d468453bbdab6db10	\\xf1c36d4c25be0ae57da94f96b399e50be76da118f9e8639c978641caad4ec66a	1796535526311902
\\xdaaed9e0283213f0d424aa62e9dc1abd	\\x220950ab0a1df71daac2c89ac2209e94	\\xe4231f5fcefa3733ca7d460b2e7a81726dae088a5e71203f2b648e5257c9ef8e533a3da28a931b30cb66fff02e12c3b812a6cedfc0e76eaced44a955	\\xdb91e8b18764f60f1591e8bd57c7c0daaba1a1efed714359d4033cb8868f7dd9	1796535527607415
\.


--
-- Data for Name: staff; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.staff (member, role) FROM stdin;
\\xf0332f11824e5acd2e9479aaca9b5ecf	\\xbb162150d9555c385f83e0b4d27ae6c4f3ad035ff15089540fd611974031db8c8c8ef0f8
\.


--
-- Data for Name: subject; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.subject (id) FROM stdin;
\\x220950ab0a1df71daac2c89ac2209e94
\\xf0332f11824e5acd2e9479aaca9b5ecf
\.


--
-- Data for Name: tombstone; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.tombstone (subject_tag, done, expires_at) FROM stdin;
\.


--
-- Data for Name: usage; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.usage (member, day, up, down, expires_at) FROM stdin;
\.


--
-- Name: acceptance acceptance_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.acceptance
    ADD CONSTRAINT acceptance_pkey PRIMARY KEY (member);


--
-- Name: credential credential_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.credential
    ADD CONSTRAINT credential_pkey PRIMARY KEY (member);


--
-- Name: declared_field declared_field_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.declared_field
    ADD CONSTRAINT declared_field_pkey PRIMARY KEY (field);


--
-- Name: device device_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device
    ADD CONSTRAINT device_pkey PRIMARY KEY (id);


--
-- Name: device device_public_key_index_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device
    ADD CONSTRAINT device_public_key_index_key UNIQUE (public_key_index);


--
-- Name: held_lookup held_lookup_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.held_lookup
    ADD CONSTRAINT held_lookup_pkey PRIMARY KEY (field, lookup);


--
-- Name: held held_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.held
    ADD CONSTRAINT held_pkey PRIMARY KEY (subject, field);


--
-- Name: instance instance_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.instance
    ADD CONSTRAINT instance_pkey PRIMARY KEY (tag);


--
-- Name: mark mark_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.mark
    ADD CONSTRAINT mark_pkey PRIMARY KEY (name);


--
-- Name: member member_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.member
    ADD CONSTRAINT member_pkey PRIMARY KEY (member);


--
-- Name: member_tariff member_tariff_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.member_tariff
    ADD CONSTRAINT member_tariff_pkey PRIMARY KEY (member);


--
-- Name: session session_hash_index_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_hash_index_key UNIQUE (hash_index);


--
-- Name: session session_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (id);


--
-- Name: staff staff_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.staff
    ADD CONSTRAINT staff_pkey PRIMARY KEY (member);


--
-- Name: subject subject_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.subject
    ADD CONSTRAINT subject_pkey PRIMARY KEY (id);


--
-- Name: tombstone tombstone_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tombstone
    ADD CONSTRAINT tombstone_pkey PRIMARY KEY (subject_tag);


--
-- Name: usage usage_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.usage
    ADD CONSTRAINT usage_pkey PRIMARY KEY (member, day);


--
-- Name: device_by_owner; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX device_by_owner ON public.device USING btree (member);


--
-- Name: held_by_expiry; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX held_by_expiry ON public.held USING btree (expires_at);


--
-- Name: held_lookup_by_owner; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX held_lookup_by_owner ON public.held_lookup USING btree (subject);


--
-- Name: session_by_expiry; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX session_by_expiry ON public.session USING btree (expires_at);


--
-- Name: session_by_owner; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX session_by_owner ON public.session USING btree (member);


--
-- Name: usage_by_expiry; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX usage_by_expiry ON public.usage USING btree (expires_at);


--
-- Name: acceptance acceptance_member_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.acceptance
    ADD CONSTRAINT acceptance_member_fkey FOREIGN KEY (member) REFERENCES public.subject(id);


--
-- Name: credential credential_member_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.credential
    ADD CONSTRAINT credential_member_fkey FOREIGN KEY (member) REFERENCES public.subject(id);


--
-- Name: device device_member_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device
    ADD CONSTRAINT device_member_fkey FOREIGN KEY (member) REFERENCES public.subject(id);


--
-- Name: held held_field_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.held
    ADD CONSTRAINT held_field_fkey FOREIGN KEY (field) REFERENCES public.declared_field(field);


--
-- Name: held_lookup held_lookup_field_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.held_lookup
    ADD CONSTRAINT held_lookup_field_fkey FOREIGN KEY (field) REFERENCES public.declared_field(field);


--
-- Name: held_lookup held_lookup_subject_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.held_lookup
    ADD CONSTRAINT held_lookup_subject_fkey FOREIGN KEY (subject) REFERENCES public.subject(id);


--
-- Name: held held_subject_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.held
    ADD CONSTRAINT held_subject_fkey FOREIGN KEY (subject) REFERENCES public.subject(id);


--
-- Name: member member_member_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.member
    ADD CONSTRAINT member_member_fkey FOREIGN KEY (member) REFERENCES public.subject(id);


--
-- Name: member_tariff member_tariff_member_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.member_tariff
    ADD CONSTRAINT member_tariff_member_fkey FOREIGN KEY (member) REFERENCES public.subject(id);


--
-- Name: session session_member_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_member_fkey FOREIGN KEY (member) REFERENCES public.subject(id);


--
-- Name: staff staff_member_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.staff
    ADD CONSTRAINT staff_member_fkey FOREIGN KEY (member) REFERENCES public.subject(id);


--
-- Name: usage usage_member_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.usage
    ADD CONSTRAINT usage_member_fkey FOREIGN KEY (member) REFERENCES public.subject(id);


--
-- PostgreSQL database dump complete
--

\unrestrict j7ZoonoYw5JtiQtsBKPXGFLMOm9rJFNGi1qfQXWCwFiWFtVUnEFcl2PEdDF0a8t

