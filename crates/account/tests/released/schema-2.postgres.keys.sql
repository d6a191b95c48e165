--
-- PostgreSQL database dump
--

\restrict DWdDaukFXyXoo9QLiduZQSqhbxrJyfxPa6gAa1ezrwNhR50levec0xpcW3MFmzg

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
-- Name: instance_key; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.instance_key (
    name text NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);
ALTER TABLE ONLY public.instance_key ALTER COLUMN name SET STATISTICS 0;
ALTER TABLE ONLY public.instance_key ALTER COLUMN wrapped SET STATISTICS 0;


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
-- Name: subject_key; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.subject_key (
    subject bytea NOT NULL,
    wrapped bytea NOT NULL
);
ALTER TABLE ONLY public.subject_key ALTER COLUMN subject SET STATISTICS 0;
ALTER TABLE ONLY public.subject_key ALTER COLUMN wrapped SET STATISTICS 0;


--
-- Data for Name: instance_key; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.instance_key (name, wrapped) FROM stdin;
certificate	\\xb354bf3e519e04eab12d5e1788b90232b50333123e0b19a8702d3f8c71a96801b490f5fe150221efce627b9af0fbf5c80e961e7a30d82873e8c62e33
index	\\x20b5578b2bc41a39ee63ae6c732de554530226ae2cc1a49a729f11fd6aecdc0147c3c7c12944549f85425076a4fe9062ddf7016cb99a100bb5684eb1
wireguard	\\x75a1de9eea3945bcefcdc570d468d63f569a9df4d0d5847395cab3d4f5fe8aeb4b96ebdf8a1cd29e29518e07180e3a075a4c9adddf537a3132ee0f79
\.


--
-- Data for Name: mark; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.mark (name, number) FROM stdin;
commits	1
\.


--
-- Data for Name: subject_key; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.subject_key (subject, wrapped) FROM stdin;
\\x220950ab0a1df71daac2c89ac2209e94	\\x9281191b4ec5d0402f36e2959b59c7c399c9475ccd48a23c012d8f7b10e37794346b45f5ba5e40cf7c846a78535111c45a78e9b38b52e4a1e059b68e
\\xf0332f11824e5acd2e9479aaca9b5ecf	\\x9796dfd435b1a361d5f3938e55c12f8d8c2dfeb66f3b3e054189a4c03ebbbe612a9b4a7a9e4bee7a4af60f5a8c2a28b02f4c5641edc5639bb2a7cb08
\.


--
-- Name: instance_key instance_key_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.instance_key
    ADD CONSTRAINT instance_key_pkey PRIMARY KEY (name);


--
-- Name: mark mark_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.mark
    ADD CONSTRAINT mark_pkey PRIMARY KEY (name);


--
-- Name: subject_key subject_key_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.subject_key
    ADD CONSTRAINT subject_key_pkey PRIMARY KEY (subject);


--
-- PostgreSQL database dump complete
--

\unrestrict DWdDaukFXyXoo9QLiduZQSqhbxrJyfxPa6gAa1ezrwNhR50levec0xpcW3MFmzg

