-- Official vectors of the destinations where there are any, else digests computed once by hand.
-- A row without a digest must give null: refused, never the hash of something else.
{%- set facts = [
    ('klaviyo_email', " Jane.Doe+VIP@Gmail.com ", "jane.doe+vip@gmail.com"),
    ('klaviyo_email', "a b@example.com", none),
    ('klaviyo_phone', "+441134960987", "+441134960987"),
    ('klaviyo_phone', "(650) 555-1212", none),
    ('match_email', "Cloudy.SanFrancisco+shopping@googlemail.com", "cloudysanfrancisco@gmail.com"),
    ('match_email', "user.name+NYC@Example.com", "user.name+nyc@example.com"),
    ('match_email', " ...@gmail.com", none),
    ('match_email', "@gmail.com", none),
    ('google_email', "  ALEXZ@example.com   ", "509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a"),
    ('google_email', "  alexz@EXAMPLE.com", "509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a"),
    ('google_email', "QuinnY@EXAMPLE.com", "d00d0a7c6d491b3782fd78b410748048859e16467faa0651f060978d4bb343cc"),
    ('google_email', "Jefferson.Loves.hiking@gmail.com", "515d2f967f73864e76937ab2b897210a86fd286016903b1b08c3da07c75f513e"),
    ('google_email', "Jefferson.LOVES.Hiking@googlemail.com", "2824967181c781aced84c32bf8bb51fc6401202eeff88263776f63c99df9314c"),
    ('google_email', "cloudy.sanfrancisco+shopping@gmail.com", "223ebda6f6889b1494551ba902d9d381daf2f642bae055888e96343d53e9f9c4"),
    ('google_email', "user.name+NYC@Example.com", "f109a2a632fbcea5fc82049f50beed3d8621bf9034399f437fb622222acccdac"),
    ('google_email', "John_Smith@gmail.com", "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"),
    ('google_email', "jane.doe+vip@gmail.com", "d6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69"),
    ('google_email', "jane.doe+vip@example.com", "c9a05fd086c1c335f42f180255a199426c7f5c3666de331a030e33fd7169bc39"),
    ('google_email', "JOSÉ@EXAMPLE.COM", "b0a53cf19e34d05b57bced7365c6b00ddbe38d62957e863de2a66a56c3b42cea"),
    ('google_email', "JOSE\u0301@EXAMPLE.COM", "b0a53cf19e34d05b57bced7365c6b00ddbe38d62957e863de2a66a56c3b42cea"),
    ('google_email', "a b@example.com", none),
    ('google_email', "quinn", none),
    ('google_email', " ...@gmail.com", none),
    ('google_phone', "+18005550100", "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30"),
    ('google_phone', "+441134960987", "0fac52d27ec377f8ad2f9de75d1f9bace693237e31868ae6f4616b8bbd0e94fb"),
    ('google_phone', "+16505551212", "1e231c66011e7a2d867a9cfae267a6aff103cf4913640b6e71a99850fc0ffbc8"),
    ('google_phone', "+A BCD EFG", none),
    ('google_phone', "(800) 555-0100", none),
    ('google_name', "  GivenName  ", "128a07bfe2df877c52076e60d7774cf5baaa046c5a6c48daf30ff43ecca2f814"),
    ('google_name', "  FamilyName ", "77762c287e61ce065bee5c15464012c6fbe088398b8057627d5577249430d574"),
    ('google_name', "Mary", "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"),
    ('google_name', "Valéry", "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"),
    ('google_name', "정", "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14"),
    ('google_name', "Mary Ann", "343b97011010c3549fe7fcd6c226ed9431ea37b0b77ed78f6300a0098925faf1"),
    ('google_name', "O'Brien", "65b87174be3b1b122e2b0929f0b84888637d31a4a83bb96a860bcff411f5e668"),
    ('google_name', "van der Berg", "a6fe68a719fbd8e4466cb6992d9a64dd1f6837e26dfc5a024f1393f51d3737c0"),
    ('google_name', "Smith-Jones", "db98d2607efffa28aff66975868bf54c075eca7157e35064dce08e20b85b1081"),
    ('google_name', " ", none),
    ('google_region', " uS ", "US"),
    ('google_postal', " 1229-076  ", "1229-076"),
    ('meta_email', "  John_Smith@gmail.com ", "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"),
    ('meta_email', "Jane.Doe+vip@gmail.com", "30c26380948ff6e5804337eb91073d3e3b539dff0fd625823759a65071814074"),
    ('meta_email', "john@example.com.", "855f96e983f1f8e8be944692b6f719fd54329826cb62e98015efee8e2e071dd4"),
    ('meta_email', "jane.doe at example.com", none),
    ('meta_email', "5d41402abc4b2a76b9719d911017c592", none),
    ('meta_email', "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f", none),
    ('meta_email', "", none),
    ('meta_phone', "+16505551212", "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"),
    ('meta_phone', "(650)555-1212", none),
    ('meta_phone', "001 650 555 1212", none),
    ('meta_phone', "0113 496 0987", none),
    ('meta_name', "Mary", "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"),
    ('meta_name', "José", "d994e1d001886fe5b45b1267bd1fa2b752ac50742579bd3dad7b2a2aa0ed6866"),
    ('meta_name', "Valéry", "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"),
    ('meta_name', "정", "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14"),
    ('meta_name', "O'Brien", "b4cb6cb33fe4b865868de825023a1e2790dc12ac01ecc8d7c5afe8254071c8ba"),
    ('meta_name', "5d41402abc4b2a76b9719d911017c592", none),
    ('meta_name', "-", none),
    ('meta_city', "New York", "350c754ba4d38897693aa077ef43072a859d23f613443133fecbbd90a3512ca5"),
    ('meta_city', "São Paulo", "3eda1428ae1aece064071f8d40f08fe2bc59ffa66c171a163caf15122ec4d7f0"),
    ('meta_city', "St. Louis", "8ba24bdf99947996f3000259be455de791b06fcc0e802ce05031030df1ee8ea3"),
    ('meta_state', "CA", "6959097001d10501ac7d54c0bdb8db61420f658f2922cc26e46d536119a31126"),
    ('meta_state', "California", "6959097001d10501ac7d54c0bdb8db61420f658f2922cc26e46d536119a31126"),
    ('meta_state', "N.Y.", "1b06e2003f8420d6fa42badd8f77ec0f706b976b7a48b13c567dc5a559681683"),
    ('meta_zip', "94035-1234", "1794327a4d443904421f5ca1f3d72d0a62ba2f0770d80755ec2220fc0efb052e"),
    ('meta_zip', " 94035 ", "1794327a4d443904421f5ca1f3d72d0a62ba2f0770d80755ec2220fc0efb052e"),
    ('meta_zip', "SW1A 1AA", "830e1d4b9838bab1f5c2acdb23e0b502ff13a9832c4632e8d67a1d43d3b7f614"),
    ('meta_zip', "K1A 0B1", "3e8d74314dc02166b1ea8c7bd8c2357fb3f9898074395b8c57f8799848b4daa1"),
    ('meta_country', "US", "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621"),
    ('meta_country', "us ", "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621"),
    ('meta_country', "USA", none),
    ('meta_country', "United States", none),
    ('tiktok_event_email', "Jane.Doe+vip@gmail.com", "30c26380948ff6e5804337eb91073d3e3b539dff0fd625823759a65071814074"),
    ('tiktok_event_email', " John_Smith@GMAIL.com ", "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"),
    ('tiktok_event_email', "jane.doe at example.com", none),
    ('tiktok_event_email', "", none),
    ('tiktok_event_phone', "+16505551212", "1e231c66011e7a2d867a9cfae267a6aff103cf4913640b6e71a99850fc0ffbc8"),
    ('tiktok_event_phone', "+16577770000", "a6e82c2f4091baff57a4f33d01efb65bfbeacbbfbcfaa9d0ff9f57d28d78fedb"),
    ('tiktok_event_phone', "16505551212", none),
    ('tiktok_external_id', " C1 ", "d0f631ca1ddba8db3bcfcb9e057cdc98d0379f1bee00e75a545147a27dadd982"),
    ('tiktok_external_id', "5d41402abc4b2a76b9719d911017c592", none),
    ('tiktok_external_id', " ", none),
    ('tiktok_segment_email', "firstname-lastname@gmail.com", "a804429cec3b5d3884b9dffe96a584205842c6f42863c51a049027f803945e34"),
    ('tiktok_segment_email', "Jane.Doe+vip@gmail.com", "831f6494ad6be4fcb3a724c3d5fef22d3ceffa3c62ef3a7984e45a0ea177f982"),
    ('tiktok_segment_email', "Jane.Doe+vip@Example.com", "86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d"),
    ('tiktok_segment_email', "jane.doe+a+b@example.com", "86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d"),
    ('tiktok_segment_email', "+vip@example.com", none),
    ('tiktok_segment_email', "jane.doe at example.com", none),
    ('tiktok_segment_phone', "+16577770000", "8d7bdaaf75196f351d22942fc0dd79304ffabc3eaf3339460ef9da0773e3aec2"),
    ('tiktok_segment_phone', "+37493828222", "65b7e6dcf6f4310f8d7cbfbd78289a753062fb054d6664fb9aaac5df66a422d4"),
    ('tiktok_segment_phone', "+16505551212", "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"),
    ('tiktok_segment_phone', "374-93-828222", none),
    ('postscript_phone', "+441134960987", "+441134960987"),
    ('postscript_phone', "(650) 555-1212", none),
    ('subject_email', " Jane.Doe+vip@GMAIL.com", "30c26380948ff6e5804337eb91073d3e3b539dff0fd625823759a65071814074"),
    ('subject_phone', "+16505551212", "1e231c66011e7a2d867a9cfae267a6aff103cf4913640b6e71a99850fc0ffbc8"),
    ('subject_phone', "6505551212", none)
] %}
with

facts as (
    {%- for rule, given, expected in facts %}
        select
            '{{ rule }}' as rule_name,
            '{{ given | replace("'", "''") }}' as given,
            nullif('{{ expected or '' }}', '') as expected
        {{ "union all" if not loop.last }}
    {%- endfor %}
),

results as (
    select
        rule_name,
        given,
        expected,
        case rule_name
            when 'klaviyo_email' then {{ klaviyo_email('given') }}
            when 'klaviyo_phone' then {{ klaviyo_phone('given') }}
            when 'match_email' then {{ normalise_email_for_matching('given') }}
            when 'google_email' then {{ google_email_sha256('given') }}
            when 'google_phone' then {{ google_phone_sha256('given') }}
            when 'google_name' then {{ google_name_sha256('given') }}
            when 'google_region' then {{ google_region_code('given') }}
            when 'google_postal' then {{ google_postal_code('given') }}
            when 'meta_email' then {{ meta_email_sha256('given') }}
            when 'meta_phone' then {{ meta_phone_sha256('given') }}
            when 'meta_name' then {{ meta_name_sha256('given') }}
            when 'meta_city' then {{ meta_city_sha256('given') }}
            when 'meta_state' then {{ meta_state_sha256('given') }}
            when 'meta_zip' then {{ meta_zip_sha256('given') }}
            when 'meta_country' then {{ meta_country_sha256('given') }}
            when 'tiktok_event_email' then {{ tiktok_event_email_sha256('given') }}
            when 'tiktok_event_phone' then {{ tiktok_event_phone_sha256('given') }}
            when 'tiktok_external_id' then {{ tiktok_external_id_sha256('given') }}
            when 'tiktok_segment_email' then {{ tiktok_segment_email_sha256('given') }}
            when 'tiktok_segment_phone' then {{ tiktok_segment_phone_sha256('given') }}
            when 'postscript_phone' then {{ postscript_phone('given') }}
            when 'subject_email' then {{ subject_email_sha256('given') }}
            when 'subject_phone' then {{ subject_phone_sha256('given') }}
            else 'no such rule'
        end as result
    from facts
)

select
    rule_name,
    given,
    expected,
    result
from results
where coalesce(result, 'null') <> coalesce(expected, 'null')
